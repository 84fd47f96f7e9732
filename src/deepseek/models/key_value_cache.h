// Keys and values of the rows that a decoder has seen.
#pragma once
#include "deepseek/graph/tensor.h"

namespace deepseek::models {

struct KeyValueCache {
  // Room for `capacity` rows in each layer: (batch, heads, capacity, width of a head).
  KeyValueCache(int64_t layers, int64_t batch, int64_t heads, int64_t capacity, int64_t width, DType dtype);
  TensorList keys, values;
  int64_t length = 0;  // rows that are filled; a number in plans, so that one plan serves all lengths
  int64_t capacity;
};

}  // namespace deepseek::models
