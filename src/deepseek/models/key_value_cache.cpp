#include "deepseek/models/key_value_cache.h"

#include "deepseek/ops.h"

namespace deepseek::models {

KeyValueCache::KeyValueCache(int64_t layers, int64_t batch, int64_t heads, int64_t rows, int64_t width, DType dtype)
    : capacity(rows) {
  for (int64_t i = 0; i < layers; ++i) {
    for (TensorList* list : {&keys, &values}) list->push_back(zeros({batch, heads, rows, width}, dtype));
  }
}

}  // namespace deepseek::models
