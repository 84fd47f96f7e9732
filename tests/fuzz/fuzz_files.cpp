// Every reader of files on any bytes: it returns tensors or raises a user error; anything else is a bug.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "deepseek/files/idx.h"
#include "deepseek/files/json.h"
#include "deepseek/files/npy.h"
#include "deepseek/files/save.h"
#include "deepseek/files/torch_file.h"

using namespace deepseek;

namespace {

template <class F>
void attempt(F&& read) {
  try {
    read();
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const int fd = memfd_create("input", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(fd);
  if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != static_cast<ssize_t>(size)) return 0;
  attempt([] { load(path); });
  attempt([] { files::load_npz(path); });
  attempt([] { files::load_torch(path); });
  attempt([] { files::read_idx(path); });
  attempt([&] { files::parse_npy({reinterpret_cast<const std::byte*>(data), size}, "input"); });
  attempt([&] { files::parse_json({reinterpret_cast<const char*>(data), size}, "input"); });
  return 0;
}
