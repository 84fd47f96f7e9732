// .npz: a zip archive of .npy files, stored or deflated, with zip64 where sizes need it.
#include <algorithm>
#include <set>

#include "deepseek/files/inflate.h"
#include "deepseek/files/json.h"
#include "deepseek/files/npy.h"

namespace deepseek::files {
namespace {

constexpr uint32_t local_mark = 0x04034b50, central_mark = 0x02014b50, end_mark = 0x06054b50;
constexpr uint32_t end64_mark = 0x06064b50, locator64_mark = 0x07064b50;
constexpr uint64_t in_zip64 = 0xffffffff;

// Little-endian numbers at checked positions.
class Reader {
 public:
  Reader(Bytes bytes, std::string_view name) : bytes_(bytes), name_(name) {}
  [[noreturn]] void fail(std::string_view why) const { raise_value(name_, ": the zip archive is malformed: ", why); }
  Bytes range(uint64_t at, uint64_t n) const {
    if (at > bytes_.size() || n > bytes_.size() - at) fail("it refers to beyond its end");
    return bytes_.subspan(static_cast<size_t>(at), static_cast<size_t>(n));
  }
  uint64_t number(uint64_t at, int width) const {
    const Bytes b = range(at, static_cast<uint64_t>(width));
    uint64_t v = 0;
    for (int i = width - 1; i >= 0; --i) v = v << 8 | static_cast<uint64_t>(b[static_cast<size_t>(i)]);
    return v;
  }
  uint64_t size() const { return bytes_.size(); }

 private:
  Bytes bytes_;
  std::string_view name_;
};

struct Entry {
  std::string name;
  uint64_t method = 0, crc = 0, packed = 0, size = 0, local = 0;
};

struct Directory {
  uint64_t at = 0, bytes = 0, entries = 0;
};

Directory find_directory(const Reader& r) {
  if (r.size() < 22) r.fail("it is too short");
  // The end record is the last thing in the file but for a comment of at most 64 KiB.
  const uint64_t lowest = r.size() - std::min<uint64_t>(r.size(), 22 + 65535);
  for (uint64_t at = r.size() - 22;; --at) {
    if (r.number(at, 4) == end_mark && at + 22 + r.number(at + 20, 2) == r.size()) {
      Directory d{r.number(at + 16, 4), r.number(at + 12, 4), r.number(at + 10, 2)};
      if (d.at == in_zip64 || d.bytes == in_zip64 || d.entries == 0xffff) {
        if (at < 20 || r.number(at - 20, 4) != locator64_mark) r.fail("the zip64 record is missing");
        const uint64_t end64 = r.number(at - 12, 8);
        if (r.number(end64, 4) != end64_mark) r.fail("the zip64 record is missing");
        d = {r.number(end64 + 48, 8), r.number(end64 + 40, 8), r.number(end64 + 32, 8)};
      }
      return d;
    }
    if (at == lowest) r.fail("its directory is missing");
  }
}

// Sizes that do not fit 32 bits stand in an extra field, in this order, only those that are marked.
void read_zip64(const Reader& r, uint64_t at, uint64_t length, Entry& e) {
  const uint64_t end = at + length;
  while (at + 4 <= end) {
    const uint64_t id = r.number(at, 2), n = r.number(at + 2, 2);
    if (at + 4 + n > end) r.fail("an extra field is too long");
    if (id == 1) {
      uint64_t p = at + 4;
      for (uint64_t* v : {&e.size, &e.packed, &e.local}) {
        if (*v != in_zip64) continue;
        if (p + 8 > at + 4 + n) r.fail("a zip64 field is too short");
        *v = r.number(p, 8);
        p += 8;
      }
      return;
    }
    at += 4 + n;
  }
}

std::vector<Entry> read_directory(const Reader& r) {
  const Directory d = find_directory(r);
  r.range(d.at, d.bytes);
  std::vector<Entry> entries;
  uint64_t at = d.at;
  for (uint64_t i = 0; i < d.entries; ++i) {
    if (r.number(at, 4) != central_mark) r.fail("a directory entry is missing");
    if (r.number(at + 8, 2) & 1) r.fail("an entry is encrypted");
    Entry e{.method = r.number(at + 10, 2), .crc = r.number(at + 16, 4), .packed = r.number(at + 20, 4),
            .size = r.number(at + 24, 4), .local = r.number(at + 42, 4)};
    const uint64_t name = r.number(at + 28, 2), extra = r.number(at + 30, 2), comment = r.number(at + 32, 2);
    const Bytes text = r.range(at + 46, name);
    e.name.assign(reinterpret_cast<const char*>(text.data()), text.size());
    r.range(at + 46 + name, extra + comment);
    read_zip64(r, at + 46 + name, extra, e);
    at += 46 + name + extra + comment;
    entries.push_back(std::move(e));
  }
  if (at != d.at + d.bytes) r.fail("the directory's size does not match its entries");
  return entries;
}

Tensor read_entry(const Reader& r, const Entry& e, const std::string& name) {
  if (r.number(e.local, 4) != local_mark) r.fail("an entry is not where the directory says");
  const uint64_t start = e.local + 30 + r.number(e.local + 26, 2) + r.number(e.local + 28, 2);
  const Bytes packed = r.range(start, e.packed);
  std::vector<std::byte> unpacked;
  Bytes content = packed;
  if (e.method == 8) {
    size_t used = 0;
    unpacked = inflate(packed, static_cast<size_t>(e.size), name, &used);
    if (used != packed.size()) r.fail("bytes follow the compressed data");
    content = unpacked;
  } else if (e.method != 0) {
    raise_value(name, ": compression method ", e.method, " is not supported (0, stored, and 8, deflate, are)");
  }
  if (content.size() != e.size) r.fail("an entry's size does not match its content");
  ensure(crc32(content) == e.crc, name, ": the checksum does not match the content");
  return parse_npy(content, name);
}

void put(std::string& out, uint64_t v, int width) {
  for (int i = 0; i < width; ++i, v >>= 8) out += static_cast<char>(v & 255);
}

}  // namespace

NamedTensors load_npz(const std::string& path) {
  const auto file = MappedFile::open(path);
  const std::string name = concat("load: '", path, "'");
  const Reader reader(file->bytes(), name);
  NamedTensors out;
  std::set<std::string> names;
  for (const Entry& e : read_directory(reader)) {
    ensure(is_utf8(e.name), name, ": the name of an entry is not UTF-8");
    ensure(e.name.ends_with(".npy"), name, ": entry '", e.name, "' is not a .npy file; is this an .npz archive?");
    std::string key = e.name.substr(0, e.name.size() - 4);
    ensure(names.insert(key).second, name, ": two entries are named '", key, "'");
    Tensor t = read_entry(reader, e, concat("load: '", path, "', entry '", key, "'"));
    out.emplace_back(std::move(key), std::move(t));
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
