// Files of torch.save, zip and older ones.
#include "deepseek/files/torch_file.h"

#include "input.h"

using namespace deepseek;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::attempt([&] { fuzz::read_all(files::load_torch(fuzz::as_file(data, size))); });
}
