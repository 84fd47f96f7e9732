#include "deepseek/files/zip.h"

#include <algorithm>

#include "deepseek/files/inflate.h"

namespace deepseek::files {

using namespace zip;

ZipArchive::ZipArchive(Bytes bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {
  read_directory();
}

void ZipArchive::fail(std::string_view why) const {
  raise_value(name_, ": the zip archive is malformed: ", why);
}

Bytes ZipArchive::range(uint64_t at, uint64_t n) const {
  if (at > bytes_.size() || n > bytes_.size() - at) fail("it refers to beyond its end");
  return bytes_.subspan(static_cast<size_t>(at), static_cast<size_t>(n));
}

uint64_t ZipArchive::number(uint64_t at, int width) const {
  const Bytes b = range(at, static_cast<uint64_t>(width));
  uint64_t v = 0;
  for (int i = width - 1; i >= 0; --i) v = v << 8 | static_cast<uint64_t>(b[static_cast<size_t>(i)]);
  return v;
}

// Sizes that do not fit 32 bits stand in an extra field, in this order, only those that are marked.
void ZipArchive::read_zip64(uint64_t at, uint64_t length, ZipEntry& e) const {
  const uint64_t end = at + length;
  while (at + 4 <= end) {
    const uint64_t id = number(at, 2), n = number(at + 2, 2);
    if (at + 4 + n > end) fail("an extra field is too long");
    if (id == 1) {
      uint64_t p = at + 4;
      for (uint64_t* v : {&e.size, &e.packed, &e.local}) {
        if (*v != in_zip64) continue;
        if (p + 8 > at + 4 + n) fail("a zip64 field is too short");
        *v = number(p, 8);
        p += 8;
      }
      return;
    }
    at += 4 + n;
  }
}

void ZipArchive::read_directory() {
  const uint64_t size = bytes_.size();
  if (size < 22) fail("it is too short");
  // The end record is the last thing in the file but for a comment of at most 64 KiB.
  const uint64_t lowest = size - std::min<uint64_t>(size, 22 + 65535);
  uint64_t end = size - 22;
  while (number(end, 4) != end_mark || end + 22 + number(end + 20, 2) != size) {
    if (end-- == lowest) fail("its directory is missing");
  }
  uint64_t at = number(end + 16, 4), length = number(end + 12, 4), count = number(end + 10, 2);
  if (at == in_zip64 || length == in_zip64 || count == 0xffff) {
    if (end < 20 || number(end - 20, 4) != locator64_mark) fail("the zip64 record is missing");
    const uint64_t end64 = number(end - 12, 8);
    if (number(end64, 4) != end64_mark) fail("the zip64 record is missing");
    at = number(end64 + 48, 8), length = number(end64 + 40, 8), count = number(end64 + 32, 8);
  }
  range(at, length);
  const uint64_t expected = at + length;
  for (uint64_t i = 0; i < count; ++i) {
    if (number(at, 4) != central_mark) fail("a directory entry is missing");
    if (number(at + 8, 2) & 1) fail("an entry is encrypted");
    ZipEntry e{.method = number(at + 10, 2),
               .crc = number(at + 16, 4),
               .packed = number(at + 20, 4),
               .size = number(at + 24, 4),
               .local = number(at + 42, 4)};
    const uint64_t name = number(at + 28, 2), extra = number(at + 30, 2), comment = number(at + 32, 2);
    const Bytes text = range(at + 46, name);
    e.name.assign(reinterpret_cast<const char*>(text.data()), text.size());
    range(at + 46 + name, extra + comment);
    read_zip64(at + 46 + name, extra, e);
    at += 46 + name + extra + comment;
    entries_.push_back(std::move(e));
  }
  if (at != expected) fail("the directory's size does not match its entries");
}

Bytes ZipArchive::packed(const ZipEntry& e) const {
  if (number(e.local, 4) != local_mark) fail("an entry is not where the directory says");
  // The directory holds the sizes; the local header may leave them to a record behind the data.
  return range(e.local + 30 + number(e.local + 26, 2) + number(e.local + 28, 2), e.packed);
}

Bytes ZipArchive::stored(const ZipEntry& e) const {
  ensure(e.method == 0, name_, ", entry '", e.name, "': it is compressed (method ", e.method, "), but must be stored");
  if (e.packed != e.size) fail("an entry's size does not match its content");
  return packed(e);
}

Bytes ZipArchive::content(const ZipEntry& e, std::vector<std::byte>& keep) const {
  Bytes content = packed(e);
  if (e.method == 8) {
    size_t used = 0;
    keep = inflate(content, static_cast<size_t>(e.size), name_, &used);
    if (used != content.size()) fail("bytes follow the compressed data");
    content = keep;
  } else if (e.method != 0) {
    raise_value(name_, ": compression method ", e.method, " is not supported (0, stored, and 8, deflate, are)");
  }
  if (content.size() != e.size) fail("an entry's size does not match its content");
  return content;
}

}  // namespace deepseek::files
