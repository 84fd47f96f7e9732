// MNIST's format, plain or compressed.
#include "deepseek/files/idx.h"

#include "input.h"

using namespace deepseek;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::attempt([&] { fuzz::read_all(files::read_idx(fuzz::as_file(data, size))); });
}
