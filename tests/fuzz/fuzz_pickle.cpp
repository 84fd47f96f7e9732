// Pickles as torch writes them, without the archive around them. Storages are as long as the pickle says, up to a bound.
#include <algorithm>

#include "input.h"

#include "deepseek/files/torch_pickle.h"

using namespace deepseek;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::attempt([&] {
    files::TorchUnpickler in(fuzz::as_bytes(data, size), "input");
    const files::PickleValue object = in.load();
    fuzz::read_all(in.tree(object, [&](size_t i) {
      const files::TorchStorage& s = in.storages()[i];
      ensure(s.numel <= 1 << 16, "input: a storage of ", s.numel, " elements");
      const int64_t bytes = s.numel * size_of(s.dtype);
      const StorageRef storage = Storage::allocate(bytes);
      std::fill_n(storage->data(), bytes, std::byte{});
      return storage;
    }));
  });
}
