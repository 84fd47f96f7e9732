// Files of the safetensors format, with what deepseek::save puts into their metadata.
#include "input.h"

#include "deepseek/files/save.h"

using namespace deepseek;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Bytes that begin as another format would be read as that one.
  const std::string path = fuzz::as_file(data, size);
  return fuzz::attempt([&] { fuzz::read_all(load(path)); });
}
