#include "deepseek/models/parts.h"

#include <algorithm>
#include <limits>
#include <set>

#include "deepseek/graph/operators.h"
#include "deepseek/nn/embedding.h"
#include "deepseek/nn/init.h"
#include "deepseek/nn/norm.h"
#include "deepseek/nn/sequential.h"
#include "deepseek/nn/symbolic.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"

namespace deepseek::models {

DrawLater::DrawLater() : before_(std::exchange(nn::init::skip, true)) {}
DrawLater::~DrawLater() {
  nn::init::skip = before_;
}

namespace {

// Recursive, not by named_modules(): no one may count a module before it is made.
void draw_below(const nn::Module& m, double std, std::set<const TensorImpl*>& drawn) {
  const Tensor* weight = m.find_parameter("weight");
  // A shared weight is drawn once, for the first that has it.
  if (weight && weight->defined() && !dynamic_cast<const nn::LayerNorm*>(&m) && drawn.insert(weight->impl()).second) {
    nn::init::normal_(*weight, 0, std);
    if (const auto* table = dynamic_cast<const nn::Embedding*>(&m); table && table->config.padding_idx) {
      const Tensor rows = reshape(arange(weight->size(0)), {weight->size(0), 1});
      Tensor cleared = *weight;
      cleared.assign(where(rows == Tensor(*table->config.padding_idx), Tensor(0.0), *weight));
    }
    weight->eval();
  }
  for (const auto& [name, child] : m.named_children()) {
    if (child) draw_below(*child, std, drawn);
  }
}

}  // namespace

void draw_normal(nn::Module& net, double std) {
  NoGradGuard no_grad;
  std::set<const TensorImpl*> drawn;
  draw_below(net, std, drawn);
}

void check_activation(std::string_view model, std::string_view name) {
  constexpr std::string_view known[] = {"gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu", "tanh"};
  ensure(std::find(std::begin(known), std::end(known), name) != std::end(known), model,
         ": the activation must be 'gelu', 'gelu_new', 'gelu_pytorch_tanh', 'relu', 'silu' or 'tanh', but is '", name,
         "'");
}

Tensor activate(std::string_view name, const Tensor& x) {
  if (name == "relu") return relu(x);
  if (name == "silu") return silu(x);
  if (name == "tanh") return tanh(x);
  return gelu(x, name == "gelu" ? "none" : "tanh");
}

nn::Module& add_group(nn::Module& parent, const std::string& name) {
  return *parent.add<nn::ModuleDict>(name);
}

Tensor positions(int64_t rows, int64_t start) {
  return iota({rows}, {1}) + Tensor(start);
}

void check_ids(std::string_view model, const Tensor& ids, int64_t limit) {
  ensure(ids.rank() == 2, model, ": ids must be (batch, rows), but they are ", nn::symbolic_shape(ids.shape()));
  if (!is_integral(ids.dtype())) raise_type(model, ": ids must be whole numbers, but they are ", name_of(ids.dtype()));
  ensure(ids.size(1) >= 1 && ids.size(1) <= limit, model, ": takes 1 to ", limit, " rows, but ids are ",
         nn::symbolic_shape(ids.shape()));
}

Tensor added_mask(std::string_view model, const Tensor& mask, const Shape& ids) {
  ensure(mask.shape() == ids, model, ": attention_mask must be shaped like the ids ", nn::symbolic_shape(ids),
         ", but it is ", nn::symbolic_shape(mask.shape()));
  const Tensor hidden = mask == Tensor(0);
  const double least = std::numeric_limits<float>::lowest();  // a row that sees nothing sees all alike
  return reshape(where(hidden, filled({}, Tensor(scalar_value(least, modes.default_dtype))),
                       filled({}, Tensor(scalar_value(0.0, modes.default_dtype)))),
                 {ids[0], 1, 1, ids[1]});
}

}  // namespace deepseek::models
