// Decompression of deflate streams (RFC 1951) and gzip files (RFC 1952), and the checksum that zip and gzip use.
#pragma once
#include <string_view>
#include <vector>

#include "deepseek/files/file.h"

namespace deepseek::files {

// The decompressed bytes; `used` receives the number of input bytes read. Raises, with `name` in front, for malformed input and
// for more than `limit` bytes of output.
std::vector<std::byte> inflate(Bytes input, size_t limit, std::string_view name, size_t* used = nullptr);

bool is_gzip(Bytes input);
std::vector<std::byte> gunzip(Bytes input, std::string_view name);

uint32_t crc32(Bytes input);

}  // namespace deepseek::files
