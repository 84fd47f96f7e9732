// Arrays of numpy.
#include "input.h"

#include "deepseek/files/npy.h"

using namespace deepseek;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::attempt([&] { fuzz::read_all(files::parse_npy(fuzz::as_bytes(data, size), "input")); });
}
