#include "deepseek/files/idx.h"

#include <algorithm>

#include "deepseek/files/inflate.h"

namespace deepseek::files {
namespace {

constexpr std::pair<int, DType> types[] = {{0x08, DType::uint8}, {0x09, DType::int8},    {0x0b, DType::int16},
                                           {0x0c, DType::int32}, {0x0d, DType::float32}, {0x0e, DType::float64}};

// Copies elements between the file's big-endian order and the machine's.
void swap_copy(Bytes from, std::byte* to, size_t size) {
  for (size_t i = 0; i < from.size(); i += size) {
    std::reverse_copy(from.begin() + static_cast<std::ptrdiff_t>(i), from.begin() + static_cast<std::ptrdiff_t>(i + size), to + i);
  }
}

Tensor parse_idx(Bytes bytes, std::string_view name) {
  ensure(bytes.size() >= 4 && bytes[0] == std::byte{0} && bytes[1] == std::byte{0}, name, ": not an idx file");
  const int code = static_cast<int>(bytes[2]);
  const auto* type = std::find_if(std::begin(types), std::end(types), [&](const auto& t) { return t.first == code; });
  ensure(type != std::end(types), name, ": not an idx file (element type ", code, " is unknown)");
  const size_t rank = static_cast<size_t>(bytes[3]), start = 4 + 4 * rank;
  ensure(bytes.size() >= start, name, ": the idx file is cut short");
  std::vector<uint64_t> sizes;
  for (size_t d = 0; d < rank; ++d) {
    uint64_t v = 0;
    for (size_t i = 0; i < 4; ++i) v = v << 8 | static_cast<uint64_t>(bytes[4 + 4 * d + i]);
    sizes.push_back(v);
  }
  const uint64_t needed = checked_bytes(sizes, type->second, name);
  ensure(needed == bytes.size() - start, name, ": its dims need ", needed, " bytes of data, but ", bytes.size() - start,
         " are there");
  Shape shape;
  for (uint64_t s : sizes) shape.push_back(static_cast<int64_t>(s));
  StorageRef storage = Storage::allocate(static_cast<int64_t>(needed));
  swap_copy(bytes.subspan(start), storage->data(), static_cast<size_t>(size_of(type->second)));
  return Tensor::from_storage(std::move(storage), type->second, shape);
}

}  // namespace

Tensor read_idx(const std::string& path) {
  const auto file = MappedFile::open(path);
  const std::string name = concat("read_idx: '", path, "'");
  if (!is_gzip(file->bytes())) return parse_idx(file->bytes(), name);
  return parse_idx(gunzip(file->bytes(), name), name);
}

void write_idx(const std::string& path, const Tensor& tensor) {
  ensure(tensor.defined(), "write_idx: the tensor is undefined");
  const auto* type = std::find_if(std::begin(types), std::end(types), [&](const auto& t) { return t.second == tensor.dtype(); });
  if (type == std::end(types)) raise_type("write_idx: idx files cannot hold ", name_of(tensor.dtype()));
  std::string header{'\0', '\0', static_cast<char>(type->first), static_cast<char>(tensor.rank())};
  for (int64_t d : tensor.shape()) {
    ensure(d <= 0xffffffff, "write_idx: a dim of ", d, " is too large");
    for (int shift = 24; shift >= 0; shift -= 8) header += static_cast<char>(d >> shift & 255);
  }
  Tensor keep;
  const Bytes data = tensor_bytes(tensor, keep);
  std::vector<std::byte> swapped(data.size());
  swap_copy(data, swapped.data(), static_cast<size_t>(size_of(tensor.dtype())));
  AtomicFile file(path);
  file.write(header);
  file.write(swapped);
  file.commit();
}

}  // namespace deepseek::files
