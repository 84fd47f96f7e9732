// .npz: a zip archive of .npy files.
#include <algorithm>
#include <set>

#include "deepseek/files/inflate.h"
#include "deepseek/files/json.h"
#include "deepseek/files/npy.h"
#include "deepseek/files/zip.h"

namespace deepseek::files {

using namespace zip;

namespace {

void put(std::string& out, uint64_t v, int width) {
  for (int i = 0; i < width; ++i, v >>= 8) out += static_cast<char>(v & 255);
}

}  // namespace

NamedTensors load_npz(const std::string& path) {
  const auto file = MappedFile::open(path);
  const std::string name = concat("load: '", path, "'");
  const ZipArchive archive(file->bytes(), name);
  NamedTensors out;
  std::set<std::string> names;
  for (const ZipEntry& e : archive.entries()) {
    ensure(is_utf8(e.name), name, ": the name of an entry is not UTF-8");
    ensure(e.name.ends_with(".npy"), name, ": entry '", e.name, "' is not a .npy file; is this an .npz archive?");
    std::string key = e.name.substr(0, e.name.size() - 4);
    ensure(names.insert(key).second, name, ": two entries are named '", key, "'");
    const std::string entry = concat(name, ", entry '", key, "'");
    std::vector<std::byte> unpacked;
    const Bytes content = archive.content(e, unpacked);
    ensure(crc32(content) == e.crc, entry, ": the checksum does not match the content");
    out.emplace_back(std::move(key), parse_npy(content, entry));
  }
  return out;
}

void save_npz(const std::string& path, const NamedTensors& tensors) {
  AtomicFile file(path);
  std::string directory;
  std::set<std::string> names;
  for (const auto& [key, tensor] : tensors) {
    ensure(tensor.defined(), "save: tensor '", key, "' is undefined");
    ensure(names.insert(key).second, "save: two tensors are named '", key, "'");
    ensure(key.size() < 60000, "save: a name of ", key.size(), " bytes is too long");
    std::string content = npy_header(tensor.spec());
    Tensor keep;
    const Bytes data = tensor_bytes(tensor, keep);
    content.append(reinterpret_cast<const char*>(data.data()), data.size());
    const uint64_t size = content.size(), at = file.written();
    const std::string name = key + ".npy";

    std::string common;  // what local header and directory share; always with zip64 sizes, as numpy writes them
    put(common, 45, 2);
    put(common, 1 << 11, 2);  // names are UTF-8
    put(common, 0, 2);
    put(common, 0, 2);
    put(common, 0x21, 2);  // 1 January 1980: equal tensors give equal files
    put(common, crc32(std::as_bytes(std::span(content.data(), content.size()))), 4);
    put(common, in_zip64, 4);
    put(common, in_zip64, 4);
    put(common, name.size(), 2);

    std::string local;
    put(local, local_mark, 4);
    local += common;
    put(local, 20, 2);
    local += name;
    put(local, 1, 2);
    put(local, 16, 2);
    put(local, size, 8);
    put(local, size, 8);
    file.write(local);
    file.write(content);

    put(directory, central_mark, 4);
    put(directory, 45, 2);
    directory += common;
    put(directory, 28, 2);
    directory += std::string(10, '\0');  // no comment, first disk, no attributes
    put(directory, in_zip64, 4);
    directory += name;
    put(directory, 1, 2);
    put(directory, 24, 2);
    put(directory, size, 8);
    put(directory, size, 8);
    put(directory, at, 8);
  }
  const uint64_t start = file.written(), count = tensors.size();
  std::string end = directory;
  put(end, end64_mark, 4);
  put(end, 44, 8);
  put(end, 45, 2);
  put(end, 45, 2);
  put(end, 0, 8);
  put(end, count, 8);
  put(end, count, 8);
  put(end, directory.size(), 8);
  put(end, start, 8);
  put(end, locator64_mark, 4);
  put(end, 0, 4);
  put(end, start + directory.size(), 8);
  put(end, 1, 4);
  put(end, end_mark, 4);
  put(end, 0, 4);
  put(end, std::min<uint64_t>(count, 0xffff), 2);
  put(end, std::min<uint64_t>(count, 0xffff), 2);
  put(end, in_zip64, 4);
  put(end, in_zip64, 4);
  put(end, 0, 2);
  file.write(end);
  file.commit();
}

}  // namespace deepseek::files
