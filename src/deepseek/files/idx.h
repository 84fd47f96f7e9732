// The idx format of MNIST, plain or as .gz.
#pragma once
#include <string>

#include "deepseek/graph/tensor.h"

namespace deepseek::files {

Tensor read_idx(const std::string& path);
void write_idx(const std::string& path, const Tensor& tensor);  // plain; types uint8, int8, int16, int32, float32, float64

}  // namespace deepseek::files
