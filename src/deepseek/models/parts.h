// What the networks of text share.
#pragma once
#include "deepseek/models/children.h"
#include "deepseek/nn/layer.h"

namespace deepseek::models {

// While it lives, layers are made of zeros, whose values `draw` sets afterwards: they are not drawn twice.
class DrawLater {
 public:
  DrawLater();
  ~DrawLater();
  DrawLater(const DrawLater&) = delete;
  DrawLater& operator=(const DrawLater&) = delete;
  bool wanted() const { return !before_; }  // not inside a copy, whose values come next

 private:
  bool before_;
};

// Weights of Linear, Conv1D and Embedding normal with deviation `std`, biases zero, norms one and zero; a padding row
// stays zero.
void draw_normal(nn::Module& net, double std);

// "gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu" or "tanh": what configurations call them.
void check_activation(std::string_view model, std::string_view name);
Tensor activate(std::string_view name, const Tensor& x);

// A group of modules under names that is never called itself.
nn::Module& add_group(nn::Module& parent, const std::string& name);

// 0, 1, ... for each of `rows`, from `start`: (rows).
Tensor positions(int64_t rows, int64_t start = 0);

// Raises unless ids are (batch, rows) of whole numbers with at most `limit` rows.
void check_ids(std::string_view model, const Tensor& ids, int64_t limit);

// (batch, keys) with 0 where nothing is to be seen -> what is added to scores (batch, heads, rows, keys).
Tensor added_mask(std::string_view model, const Tensor& mask, const Shape& ids);

}  // namespace deepseek::models
