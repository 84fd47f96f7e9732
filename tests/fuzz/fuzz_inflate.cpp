// Deflate streams and gzip files.
#include "input.h"

#include "deepseek/files/inflate.h"

using namespace deepseek;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const files::Bytes bytes = fuzz::as_bytes(data, size);
  fuzz::attempt([&] { files::gunzip(bytes, "input"); });
  return fuzz::attempt([&] { files::inflate(bytes, 1 << 20, "input"); });
}
