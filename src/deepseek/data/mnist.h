// MNIST from a folder with its four idx files, plain or as .gz.
#pragma once
#include <string>

#include "deepseek/graph/tensor.h"

namespace deepseek::data {

struct Images {
  Tensor images;  // uint8, N x H x W
  Tensor labels;  // int64, N
};

// `folder` holds <prefix>-images-idx3-ubyte[.gz] and <prefix>-labels-idx1-ubyte[.gz]; the error for missing files says what was
// looked for. Labels must be below `classes`.
Images load_idx_images(const std::string& folder, const std::string& prefix, int64_t classes = 10);
Images mnist(const std::string& folder, bool train);  // prefixes "train" and "t10k"

}  // namespace deepseek::data
