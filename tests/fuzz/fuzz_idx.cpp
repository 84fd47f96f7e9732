// MNIST's format, plain or compressed.
#include "input.h"

#include "deepseek/files/idx.h"

using namespace deepseek;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::attempt([&] { fuzz::read_all(files::read_idx(fuzz::as_file(data, size))); });
}
