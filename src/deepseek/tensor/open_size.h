// The batch size that a symbolic tensor leaves open, and how messages show it.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>

namespace deepseek {

// A number that no real size equals; sizes derived from it are its multiples.
inline constexpr int64_t open_size = 1000003;  // prime

// Set by the first symbolic tensor of the process.
inline std::atomic<bool> open_sizes_exist = false;

// "3*None" for three times the open size; "" for a size that does not follow it.
std::string name_of_open_size(int64_t n);

// The text with multiples of the open size named so.
std::string with_named_open_sizes(const std::string& text);

}  // namespace deepseek
