#include "deepseek/files/npy.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace deepseek::files {
namespace {

// The Python dict literal of a header: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class Literal {
 public:
  Literal(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  NpyHeader parse() {
    NpyHeader h;
    bool have_descr = false, have_order = false, have_shape = false;
    expect("{");
    while (!accept("}")) {
      const std::string key = string();
      expect(":");
      if (key == "descr" && !have_descr) {
        have_descr = true;
        descr(h);
      } else if (key == "fortran_order" && !have_order) {
        have_order = true;
        h.fortran = accept("True");
        if (!h.fortran) expect("False");
      } else if (key == "shape" && !have_shape) {
        have_shape = true;
        shape(h);
      } else {
        fail(concat("an unexpected key '", key, "'"));
      }
      if (accept("}")) break;
      expect(",");
    }
    skip_space();
    if (at_ != text_.size()) fail("text follows it");
    if (!have_descr || !have_order || !have_shape) fail("descr, fortran_order or shape is missing");
    return h;
  }

 private:
  [[noreturn]] void fail(std::string_view why) const { raise_value(name_, ": the .npy header is malformed: ", why); }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool accept(std::string_view token) {
    skip_space();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token)) fail(concat("'", token, "' is expected at byte ", at_));
  }
  std::string string() {
    skip_space();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') fail("a string is expected");
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail("a string without end");
    std::string s(text_.substr(at_ + 1, end - at_ - 1));
    if (s.find('\\') != std::string::npos) fail("an escape in a string");
    at_ = end + 1;
    return s;
  }

  void descr(NpyHeader& h) {
    if (accept("[")) raise_value(name_, ": structured arrays are not supported");
    const std::string d = string();
    const std::string type = d.empty() || std::string_view("<>|=").find(d[0]) == std::string_view::npos ? d : d.substr(1);
    if (type.starts_with('O')) {
      raise_value(name_, ": object arrays hold pickled Python objects and are refused; save numbers instead");
    }
    static constexpr std::pair<std::string_view, DType> names[] = {
        {"b1", DType::bool_}, {"?", DType::bool_},  {"u1", DType::uint8},   {"i1", DType::int8},    {"i2", DType::int16},
        {"i4", DType::int32}, {"i8", DType::int64}, {"f2", DType::float16}, {"f4", DType::float32}, {"f8", DType::float64}};
    const auto* found = std::find_if(std::begin(names), std::end(names), [&](const auto& e) { return e.first == type; });
    if (found == std::end(names)) raise_value(name_, ": element type '", d, "' is not supported");
    h.dtype = found->second;
    h.swapped = d[0] == '>' && size_of(h.dtype) > 1;
  }

  void shape(NpyHeader& h) {
    expect("(");
    while (!accept(")")) {
      skip_space();
      const size_t start = at_;
      uint64_t v = 0;
      while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
        v = v * 10 + static_cast<uint64_t>(text_[at_++] - '0');
        if (v > uint64_t{1} << 58) fail("a dim is too large");
      }
      if (at_ == start) fail("a dim is not a number");
      accept("L");  // written by Python 2
      h.shape.push_back(v);
      if (accept(")")) break;
      expect(",");
    }
  }

  std::string_view text_;
  std::string_view name_;
  size_t at_ = 0;
};

// Checks that header and data agree and returns the data.
Bytes elements_of(Bytes bytes, const NpyHeader& h, std::string_view name) {
  const uint64_t needed = checked_bytes(h.shape, h.dtype, name);
  const uint64_t present = bytes.size() - h.data;
  ensure(needed == present, name, ": its shape needs ", needed, " bytes of data, but ", present, " follow the header");
  const Bytes data = bytes.subspan(h.data);
  if (h.dtype == DType::bool_) check_bools(data, name);
  return data;
}

Shape shape_of(const NpyHeader& h) {
  Shape s;
  for (uint64_t d : h.shape) s.push_back(static_cast<int64_t>(d));
  return s;
}

// A row-major copy in the machine's byte order.
Tensor converted(Bytes data, const NpyHeader& h) {
  const Shape shape = shape_of(h);
  if (!h.swapped && (!h.fortran || shape.size() < 2)) return copy_to_tensor(data, h.dtype, shape);
  const size_t size = static_cast<size_t>(size_of(h.dtype));
  StorageRef storage = Storage::allocate(static_cast<int64_t>(data.size()));
  Strides from = contiguous_strides(shape);
  if (h.fortran) {
    int64_t step = 1;
    for (int d = 0; d < shape.size(); ++d) {
      from[d] = step;
      step *= std::max<int64_t>(shape[d], 1);
    }
  }
  Dims index = Dims::filled(shape.size(), 0);
  int64_t source = 0;
  std::byte* out = storage->data();
  for (int64_t i = 0, n = shape.numel(); i < n; ++i, out += size) {
    const std::byte* in = data.data() + static_cast<size_t>(source) * size;
    if (h.swapped) std::reverse_copy(in, in + size, out);
    else std::copy_n(in, size, out);
    for (int d = shape.size() - 1; d >= 0; --d) {
      source += from[d];
      if (++index[d] < shape[d]) break;
      source -= from[d] * shape[d];
      index[d] = 0;
    }
  }
  return Tensor::from_storage(std::move(storage), h.dtype, shape);
}

}  // namespace

NpyHeader parse_npy_header(Bytes bytes, std::string_view name) {
  constexpr std::string_view magic = "\x93NUMPY";
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  ensure(text.starts_with(magic) && text.size() >= 10, name, ": not a .npy file");
  const auto byte = [&](size_t i) { return static_cast<size_t>(bytes[i]); };
  const size_t major = byte(6), width = major == 1 ? 2 : 4;
  ensure(major >= 1 && major <= 3 && byte(7) == 0, name, ": .npy version ", major, ".", byte(7), " is not known");
  ensure(text.size() >= 8 + width, name, ": the .npy header is cut short");
  size_t length = 0;
  for (size_t i = 0; i < width; ++i) length |= byte(8 + i) << (8 * i);
  ensure(length <= text.size() - 8 - width, name, ": the .npy header is cut short");
  NpyHeader h = Literal(text.substr(8 + width, length), name).parse();
  h.data = 8 + width + length;
  return h;
}

Tensor parse_npy(Bytes bytes, std::string_view name) {
  const NpyHeader h = parse_npy_header(bytes, name);
  return converted(elements_of(bytes, h, name), h);
}

Tensor load_npy(const std::string& path) {
  const auto file = MappedFile::open(path);
  const std::string name = concat("load: '", path, "'");
  const NpyHeader h = parse_npy_header(file->bytes(), name);
  const Bytes data = elements_of(file->bytes(), h, name);
  if (h.swapped || h.fortran) return converted(data, h);
  return file->view(h.data, h.dtype, shape_of(h));
}

std::string npy_header(const Spec& s) {
  static constexpr std::string_view names[] = {"|b1", "|u1", "|i1", "<i2", "<i4", "<i8", "<f2", "", "<f4", "<f8"};
  const std::string_view descr = names[static_cast<int>(s.dtype)];
  if (descr.empty()) raise_type("save: numpy has no ", name_of(s.dtype), "; convert to float32 first, or save as safetensors");
  std::string text = concat("{'descr': '", descr, "', 'fortran_order': False, 'shape': ", to_string(s.shape), ", }");
  text.append(63 - (text.size() + 10) % 64, ' ');
  text += '\n';
  return concat("\x93NUMPY", '\1', '\0', static_cast<char>(text.size() & 255), static_cast<char>(text.size() >> 8), text);
}

void save_npy(const std::string& path, const Tensor& tensor) {
  ensure(tensor.defined(), "save: the tensor is undefined");
  const std::string header = npy_header(tensor.spec());
  Tensor keep;
  const Bytes data = tensor_bytes(tensor, keep);
  AtomicFile file(path);
  file.write(header);
  file.write(data);
  file.commit();
}

}  // namespace deepseek::files
