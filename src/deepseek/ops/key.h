// Serialises attributes and graph structure into the bytes that identify a plan.
#pragma once
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "deepseek/tensor/shape.h"

namespace deepseek {

class KeyWriter {
 public:
  void clear() { words_.clear(); }
  void word(uint64_t w) { words_.push_back(w); }
  const std::vector<uint64_t>& words() const { return words_; }
  uint64_t hash() const {
    uint64_t h = 0x9e3779b97f4a7c15ull;
    for (uint64_t w : words_) h = (h ^ w) * 0xff51afd7ed558ccdull, h ^= h >> 29;
    return h;
  }

  template <class T>
    requires std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_pointer_v<T>
  void add(const T& v) {
    static_assert(sizeof(T) <= 8);
    uint64_t w = 0;
    std::memcpy(&w, &v, sizeof v);
    word(w);
  }
  void add(const Dims& d) {
    word(static_cast<uint64_t>(d.size()));
    for (int64_t v : d) add(v);
  }
  void add(const std::string& s) {
    word(s.size());
    for (size_t i = 0; i < s.size(); i += 8) {
      uint64_t w = 0;
      std::memcpy(&w, s.data() + i, std::min<size_t>(8, s.size() - i));
      word(w);
    }
  }
  template <class T>
  void add(const std::optional<T>& v) {
    word(v.has_value());
    if (v) add(*v);
  }
  template <class T>
  void add(const std::vector<T>& v) {
    word(v.size());
    for (const T& e : v) add(e);
  }

 private:
  std::vector<uint64_t> words_;
};

}  // namespace deepseek
