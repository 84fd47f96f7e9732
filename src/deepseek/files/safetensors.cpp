#include "deepseek/files/safetensors.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>

#include "deepseek/files/file.h"
#include "deepseek/files/json.h"

namespace deepseek::files {
namespace {

constexpr uint64_t largest_header = 100'000'000;
constexpr std::string_view metadata_key = "__metadata__";

constexpr std::pair<std::string_view, DType> dtype_names[] = {
    {"BOOL", DType::bool_}, {"U8", DType::uint8},    {"I8", DType::int8},     {"I16", DType::int16},   {"I32", DType::int32},
    {"I64", DType::int64},  {"F16", DType::float16}, {"BF16", DType::bfloat16}, {"F32", DType::float32}, {"F64", DType::float64}};

DType dtype_named(const std::string& s, std::string_view name) {
  for (const auto& [text, dtype] : dtype_names) {
    if (s == text) return dtype;
  }
  raise_value(name, ": element type '", s, "' is not supported");
}

std::string_view name_for(DType t) {
  return std::find_if(std::begin(dtype_names), std::end(dtype_names), [&](const auto& e) { return e.second == t; })->first;
}

struct Entry {
  std::string name;
  DType dtype;
  std::vector<uint64_t> shape;
  uint64_t begin, end;
};

uint64_t size_in(const Tree& t, const std::string& what) {
  const int64_t* v = std::get_if<int64_t>(&t.variant());
  ensure(v && *v >= 0, what, " must hold integers of 0 or more");
  return static_cast<uint64_t>(*v);
}

Entry parse_entry(const std::string& path, const std::string& name, const Tree& t) {
  const std::string what = concat("load: '", path, "', tensor '", name, "'");
  ensure(t.is<TreeDict>(), what, ": its entry must be an object");
  const Tree *dtype = t.find("dtype"), *shape = t.find("shape"), *offsets = t.find("data_offsets");
  ensure(dtype && dtype->is<std::string>() && shape && shape->is<TreeList>() && offsets && offsets->is<TreeList>(), what,
         ": its entry must have dtype, shape and data_offsets");
  Entry e{.name = name, .dtype = dtype_named(dtype->string(what), what)};
  for (const Tree& d : shape->items(what)) e.shape.push_back(size_in(d, what + ": shape"));
  const auto& range = offsets->items(what);
  ensure(range.size() == 2, what, ": data_offsets must be two integers");
  e.begin = size_in(range[0], what + ": data_offsets");
  e.end = size_in(range[1], what + ": data_offsets");
  ensure(e.begin <= e.end, what, ": data_offsets end before they begin");
  const uint64_t bytes = checked_bytes(e.shape, e.dtype, what);
  ensure(bytes == e.end - e.begin, what, ": its shape and type need ", bytes, " bytes, but its data_offsets span ",
         e.end - e.begin);
  return e;
}

std::vector<Entry> parse_header(const std::string& path, const Tree& header, Metadata* metadata) {
  ensure(header.is<TreeDict>(), "load: '", path, "' is not a safetensors file: its header must be an object");
  const TreeDict& d = header.dict(path);
  std::vector<Entry> entries;
  for (size_t i = 0; i < d.keys.size(); ++i) {
    const auto& name = std::get<std::string>(d.keys[i]);
    if (name != metadata_key) {
      entries.push_back(parse_entry(path, name, d.values[i]));
      continue;
    }
    ensure(d.values[i].is<TreeDict>(), "load: '", path, "': __metadata__ must be an object");
    const TreeDict& m = d.values[i].dict(path);
    for (size_t k = 0; k < m.keys.size(); ++k) {
      ensure(m.values[k].is<std::string>(), "load: '", path, "': __metadata__ may hold strings only");
      if (metadata) (*metadata)[std::get<std::string>(m.keys[k])] = m.values[k].string(path);
    }
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  return entries;
}

}  // namespace

NamedTensors load_safetensors(const std::string& path, Metadata* metadata) {
  const auto file = MappedFile::open(path);
  const Bytes all = file->bytes();
  ensure(all.size() >= 8, "load: '", path, "' is not a safetensors file: it has only ", all.size(), " bytes");
  uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | static_cast<uint64_t>(all[static_cast<size_t>(i)]);
  ensure(length <= largest_header, "load: '", path, "' is not a safetensors file: a header of ", length,
         " bytes, but at most 100 MB are allowed");
  ensure(length <= all.size() - 8, "load: '", path, "' is cut short: its header has ", length, " bytes, but only ",
         all.size() - 8, " follow");
  const std::string_view text(reinterpret_cast<const char*>(all.data()) + 8, static_cast<size_t>(length));
  ensure(text.starts_with('{'), "load: '", path, "' is not a safetensors file: its header does not start with '{'");
  const auto entries = parse_header(path, parse_json(text, concat("load: '", path, "'")), metadata);

  const size_t start = 8 + static_cast<size_t>(length);
  const uint64_t available = all.size() - start;
  uint64_t expected = 0;
  NamedTensors out;
  for (const Entry& e : entries) {
    ensure(e.begin == expected, "load: '", path, "', tensor '", e.name, "': ", e.begin < expected ? "overlaps the one before" : "bytes before it belong to none",
           " (it begins at ", e.begin, ", the one before ends at ", expected, ")");
    ensure(e.end <= available, "load: '", path, "' is cut short: tensor '", e.name, "' ends at byte ", e.end, " of ", available);
    expected = e.end;
    Shape shape;
    for (uint64_t s : e.shape) shape.push_back(static_cast<int64_t>(s));
    const size_t offset = start + static_cast<size_t>(e.begin);
    if (e.dtype == DType::bool_) check_bools(all.subspan(offset, static_cast<size_t>(e.end - e.begin)), concat("load: '", path, "', tensor '", e.name, "'"));
    out.emplace_back(e.name, file->view(offset, e.dtype, shape));
  }
  ensure(expected == available, "load: '", path, "': ", available - expected, " bytes follow the last tensor");
  return out;
}

void save_safetensors(const std::string& path, const NamedTensors& tensors, const Metadata& metadata) {
  std::set<std::string_view> names;
  TensorList values;
  std::vector<size_t> order;
  for (const auto& [name, t] : tensors) {
    ensure(t.defined(), "save: tensor '", name, "' is undefined");
    ensure(name != metadata_key, "save: a tensor cannot be named '", metadata_key, "'");
    ensure(names.insert(name).second, "save: two tensors are named '", name, "'");
    order.push_back(order.size());
    values.push_back(t);
  }
  evaluate(values);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return size_of(values[a].dtype()) > size_of(values[b].dtype());
  });

  Tree header = TreeDict{};
  if (!metadata.empty()) {
    Tree m = TreeDict{};
    for (const auto& [key, value] : metadata) m.set(key, value);
    header.set(std::string(metadata_key), std::move(m));
  }
  std::string text = to_json(header);
  text.pop_back();
  int64_t at = 0;
  for (size_t i : order) {
    const Spec& s = values[i].spec();
    if (text.size() > 1) text += ',';
    text += concat(json_string(tensors[i].first), R"(:{"dtype":")", name_for(s.dtype), R"(","shape":[)");
    for (int d = 0; d < s.rank(); ++d) text += concat(d ? "," : "", s.shape[d]);
    text += concat("],\"data_offsets\":[", at, ",", at + s.bytes(), "]}");
    at += s.bytes();
  }
  text += '}';
  text.append((8 - text.size() % 8) % 8, ' ');
  ensure(text.size() <= largest_header, "save: the header would have ", text.size(), " bytes, but at most 100 MB are allowed");
  parse_json(text, "save: names and metadata must be UTF-8");

  AtomicFile file(path);
  std::string length;
  for (uint64_t n = text.size(), i = 0; i < 8; ++i, n >>= 8) length += static_cast<char>(n & 255);
  file.write(length);
  file.write(text);
  for (size_t i : order) {
    Tensor keep;
    file.write(tensor_bytes(values[i], keep));
  }
  file.commit();
}

}  // namespace deepseek::files
