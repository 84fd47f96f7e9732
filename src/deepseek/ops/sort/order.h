// Sorting by unsigned keys: a key orders as its element does, NaN above all numbers, and -0 equal to 0.
#pragma once
#include <bit>
#include <cstring>
#include <memory>
#include <vector>

#include "deepseek/tensor/half.h"

namespace deepseek {

template <size_t Bytes>
struct UnsignedOf;
template <>
struct UnsignedOf<1> {
  using type = uint8_t;
};
template <>
struct UnsignedOf<2> {
  using type = uint16_t;
};
template <>
struct UnsignedOf<4> {
  using type = uint32_t;
};
template <>
struct UnsignedOf<8> {
  using type = uint64_t;
};
template <class T>
using KeyOf = typename UnsignedOf<sizeof(T)>::type;

template <class T>
KeyOf<T> ascending_key(T v) {
  using K = KeyOf<T>;
  constexpr K top = static_cast<K>(K{1} << (8 * sizeof(K) - 1));
  K bits;
  std::memcpy(&bits, &v, sizeof v);
  if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, uint8_t>) {
    return bits;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<K>(bits ^ top);
  } else {
    // Exponent bits all set, then anything: above infinity.
    constexpr K infinity = sizeof(T) == 8                 ? static_cast<K>(0x7ff0000000000000ull)
                           : sizeof(T) == 4               ? static_cast<K>(0x7f800000u)
                           : std::is_same_v<T, float16_t> ? static_cast<K>(0x7c00u)
                                                          : static_cast<K>(0x7f80u);
    const K magnitude = static_cast<K>(bits & static_cast<K>(~top));
    if (magnitude > infinity) return static_cast<K>(~K{0});
    if (magnitude == 0) return top;
    return static_cast<K>(bits & top ? ~bits : bits | top);
  }
}

// Larger elements first: the order of the keys turned round, so equal elements keep theirs.
template <class T>
KeyOf<T> sort_key(T v, bool descending) {
  const KeyOf<T> key = ascending_key(v);
  return descending ? static_cast<KeyOf<T>>(~key) : key;
}

// A vector that each thread keeps from line to line. On the heap: a shared library has little thread-local memory.
template <class Item, int Which = 0>
std::vector<Item>& kept_items() {
  static thread_local const auto items = std::make_unique<std::vector<Item>>();
  return *items;
}

}  // namespace deepseek
