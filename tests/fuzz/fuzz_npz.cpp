// Zip archives of numpy arrays.
#include "input.h"

#include "deepseek/files/npy.h"

using namespace deepseek;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::attempt([&] {
    for (const auto& [name, tensor] : files::load_npz(fuzz::as_file(data, size))) fuzz::read_all(tensor);
  });
}
