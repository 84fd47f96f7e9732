// Tables of Unicode, as numbers that unicode.cpp unrolls.
#pragma once
#include <cstdint>
#include <span>

namespace deepseek::data::unicode {

// Runs of code points: gap before, length.
extern const std::span<const int32_t> letter_table, number_table, mark_table, punctuation_table, control_table;
// Runs of code points with one target each: gap before, count, step, step of the target, difference of target and code.
extern const std::span<const int32_t> fold_table;
// Code point, number of targets, targets.
extern const std::span<const int32_t> fold_several_table;

}  // namespace deepseek::data::unicode
