// Zip archives, read from memory: the entries as they lie there, stored or deflated, with zip64 where sizes need it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "deepseek/files/file.h"

namespace deepseek::files {

namespace zip {
constexpr uint32_t local_mark = 0x04034b50, central_mark = 0x02014b50, end_mark = 0x06054b50;
constexpr uint32_t end64_mark = 0x06064b50, locator64_mark = 0x07064b50;
constexpr uint64_t in_zip64 = 0xffffffff;  // in place of a size that stands in a zip64 field
}  // namespace zip

struct ZipEntry {
  std::string name;
  uint64_t method = 0, crc = 0, packed = 0, size = 0, local = 0;
};

// Every error has `name` in front. The bytes must outlive the archive.
class ZipArchive {
 public:
  ZipArchive(Bytes bytes, std::string name);

  const std::vector<ZipEntry>& entries() const { return entries_; }
  // The bytes of a stored entry, where they lie.
  Bytes stored(const ZipEntry& entry) const;
  // The content of any entry; `keep` holds it where it had to be decompressed.
  Bytes content(const ZipEntry& entry, std::vector<std::byte>& keep) const;

 private:
  [[noreturn]] void fail(std::string_view why) const;
  Bytes range(uint64_t at, uint64_t n) const;
  uint64_t number(uint64_t at, int width) const;  // little-endian
  void read_directory();
  void read_zip64(uint64_t at, uint64_t length, ZipEntry& entry) const;
  Bytes packed(const ZipEntry& entry) const;

  Bytes bytes_;
  std::string name_;
  std::vector<ZipEntry> entries_;
};

inline bool is_zip(std::string_view head) {
  return head.starts_with("PK\3\4") || head.starts_with("PK\5\6");
}

}  // namespace deepseek::files
