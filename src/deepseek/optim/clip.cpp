#include "deepseek/optim/clip.h"

#include <cmath>

#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"

namespace deepseek::nn::utils {
namespace {

TensorList gradients(const TensorList& parameters) {
  TensorList out;
  for (const Tensor& p : parameters) {
    if (Tensor g = p.grad(); g.defined()) out.push_back(std::move(g));
  }
  return out;
}

}  // namespace

Tensor get_total_norm(const TensorList& tensors, double norm_type, bool error_if_nonfinite) {
  ensure(norm_type > 0, "clip_grad_norm_: norm_type must be above 0, but it is ", norm_type);
  if (tensors.empty()) return Tensor::from_vector<float>({0.0f}, {});
  NoGradGuard no_grad;
  const bool largest = std::isinf(norm_type);
  DType type = DType::float32;
  for (const Tensor& t : tensors) {
    if (t.dtype() == DType::float64) type = DType::float64;
  }
  Tensor norm;
  for (const Tensor& t : tensors) {
    if (t.numel() == 0) continue;
    const Tensor x = cast(t, type);
    const Tensor part = largest ? reduce(fused::ReduceKind::max, abs(x), {}, false)
                                : reduce(fused::ReduceKind::sum, norm_type == 2 ? x * x : pow(abs(x), Tensor(norm_type)), {}, false);
    norm = !norm.defined() ? part : largest ? maximum(norm, part) : norm + part;
  }
  if (!norm.defined()) return Tensor::from_vector<float>({0.0f}, {});
  if (!largest) norm = norm_type == 2 ? sqrt(norm) : pow(norm, Tensor(1 / norm_type));
  if (error_if_nonfinite && !std::isfinite(norm.item())) {
    raise_runtime("clip_grad_norm_: the norm of the gradients is ", norm.item(), ", so they cannot be scaled");
  }
  return norm;
}

Tensor clip_grad_norm_(const TensorList& parameters, double max_norm, double norm_type, bool error_if_nonfinite) {
  ensure(max_norm >= 0, "clip_grad_norm_: max_norm must be at least 0, but it is ", max_norm);
  TensorList grads = gradients(parameters);
  const Tensor norm = get_total_norm(grads, norm_type, error_if_nonfinite);
  NoGradGuard no_grad;
  // NaN stays NaN, so that a broken gradient is not hidden.
  const Tensor ratio = Tensor(max_norm) / (norm + Tensor(1e-6));
  const Tensor factor = where(ratio > Tensor(1.0), filled_like(ratio, 1.0), ratio);
  for (Tensor& g : grads) g.assign(g * cast(factor, size_of(g.dtype()) == 2 ? DType::float32 : g.dtype()));
  return norm;
}

void clip_grad_value_(const TensorList& parameters, double clip_value) {
  ensure(clip_value >= 0, "clip_grad_value_: clip_value must be at least 0, but it is ", clip_value);
  NoGradGuard no_grad;
  for (Tensor g : gradients(parameters)) {
    const Tensor high = filled_like(g, clip_value), low = filled_like(g, -clip_value);
    g.assign(where(g > high, high, where(g < low, low, g)));
  }
}

}  // namespace deepseek::nn::utils
