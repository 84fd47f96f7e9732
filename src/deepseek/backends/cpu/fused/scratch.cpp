#include "deepseek/backends/cpu/fused/scratch.h"

#include <array>
#include <memory>
#include <new>


namespace deepseek::fused {
namespace {

constexpr std::align_val_t alignment{64};

struct Levels {
  static constexpr size_t count = 8;
  struct Level {
    std::byte* data = nullptr;
    size_t size = 0;
  };
  std::array<Level, count> levels;
  size_t depth = 0;
  ~Levels() {
    for (Level& level : levels) ::operator delete(level.data, alignment);
  }
};
Levels& mine() {
  static thread_local const auto levels = std::make_unique<Levels>();
  return *levels;
}

}  // namespace

Scratch::Scratch(size_t bytes) {
  Levels& all = mine();
  const size_t depth = all.depth;
  if (depth >= Levels::count) {
    data_ = static_cast<std::byte*>(::operator new(bytes, alignment));
  } else {
    Levels::Level& level = all.levels[depth];
    if (level.size < bytes) {
      ::operator delete(level.data, alignment);
      level = {};
      level.data = static_cast<std::byte*>(::operator new(bytes, alignment));
      level.size = bytes;
    }
    data_ = level.data;
  }
  all.depth = depth + 1;
}

Scratch::~Scratch() {
  Levels& all = mine();
  if (--all.depth >= Levels::count) ::operator delete(data_, alignment);
}

}  // namespace deepseek::fused
