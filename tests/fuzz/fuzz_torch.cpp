// Files of torch.save, zip and older ones.
#include "input.h"

#include "deepseek/files/torch_file.h"

using namespace deepseek;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::attempt([&] { fuzz::read_all(files::load_torch(fuzz::as_file(data, size))); });
}
