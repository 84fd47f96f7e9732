// dropout and its kin. The mask is a function of key and position: backward computes it again and nothing is kept.
#include <cmath>

#include "deepseek/ops.h"
#include "deepseek/ops/creation/sizes.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/random/draws.h"
#include "deepseek/ops/random/generator.h"

namespace deepseek {
namespace {

struct ScaleKept : Pointwise {
  static constexpr OpInfo info{.name = "scale_kept"};
  static constexpr Saves saves = Saves::inputs;
  static constexpr int conditions = 1;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(bool keep, T x, T scale) {
    return keep ? x * scale : T{0};
  }
  void gradient(Grad& g) const { g.set(1, apply(ScaleKept{}, g.input(0), g.grad(), g.input(2))); }
};

// Inputs: x, key, p, 1 / (1 - p). One mask element serves all positions in which `mask` has size 1.
struct Dropout : Composite {
  static constexpr OpInfo info{.name = "dropout", .onnx = "Dropout"};
  static constexpr Saves saves = Saves::nothing;
  Shape mask;
  static constexpr auto attrs = std::tuple{&Dropout::mask};
  Spec infer(const Spec& x, const Spec&, const Spec&, const Spec&) const { return x; }
  Tensor expand(const Tensor& x, const Tensor& key, const Tensor& p, const Tensor& scale) const {
    return apply(ScaleKept{}, ge(random::uniform(mask, DType::float32, key), p), x, scale);
  }
  void gradient(Grad& g) const { g.set(0, apply(Dropout{.mask = mask}, g.grad(), g.input(1), g.input(2), g.input(3))); }
};

Tensor drop(const Tensor& input, double p, bool training, const Shape& mask, const char* op) {
  ensure(p >= 0 && p <= 1, op, ": p must be between 0 and 1, but is ", p);
  if (!is_floating_point(input.dtype())) raise_type(op, ": input must be a floating tensor, but is ", name_of(input.dtype()));
  if (!training || p == 0) return input;
  return apply(Dropout{.mask = mask}, input, next_random_key(), creation::scalar_of(p, DType::float32),
               creation::scalar_of(p < 1 ? 1 / (1 - p) : 0.0, input.dtype()));
}

Tensor drop_channels(const Tensor& input, double p, bool training, int spatial, const char* op) {
  const bool batched = input.rank() == spatial + 2;
  ensure(batched || input.rank() == spatial + 1, op, ": input must have ", spatial + 2, " dims, or ", spatial + 1,
         " without a batch, but is ", to_string(input.shape()));
  Shape mask = input.shape();
  for (int d = batched ? 2 : 1; d < mask.size(); ++d) mask[d] = 1;
  return drop(input, p, training, mask, op);
}

Tensor drop_to_limit(const Tensor& input, double p, bool training, const Shape& mask, const char* op) {
  ensure(p >= 0 && p <= 1, op, ": p must be between 0 and 1, but is ", p);
  if (!is_floating_point(input.dtype())) raise_type(op, ": input must be a floating tensor, but is ",
      name_of(input.dtype()));
  if (!training || p == 0) return input;
  if (p == 1) return input * 0.0;
  constexpr double limit = -1.7580993408473766;
  const double scale = 1 / std::sqrt((1 - p) * (1 + p * limit * limit));
  const Tensor keep = ge(random::uniform(mask, DType::float32, next_random_key()), p);
  return where(keep, input, limit) * scale + (-scale * p * limit);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, dropout, (const Tensor& input, double p DEFAULT(0.5), bool training DEFAULT(true)),
                  "In training each element is 0 with probability p and input / (1 - p) otherwise; else input itself.") {
  return drop(input, p, training, input.shape(), "dropout");
}
DEEPSEEK_FACTS(dropout, .in = {"functional"},
               .good = {"randn(2, 3), 0.5", "randn(2, 3), 0.5, False", "randn(3), 1.0", "randn(0)"},
               .bad = {"randn(3), 1.5", "randn(3), -0.5", "ints(3), 0.5"}, .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, dropout1d, (const Tensor& input, double p DEFAULT(0.5), bool training DEFAULT(true)),
                  "Dropout of whole channels of input (N, C, L) or (C, L).") {
  return drop_channels(input, p, training, 1, "dropout1d");
}
DEEPSEEK_FACTS(dropout1d, .in = {"functional"}, .good = {"randn(2, 3, 4), 0.5"},
               .bad = {"randn(3), 0.5", "randn(2, 3, 4), 2.0"},
               .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, dropout2d, (const Tensor& input, double p DEFAULT(0.5), bool training DEFAULT(true)),
                  "Dropout of whole channels of input (N, C, H, W) or (C, H, W).") {
  return drop_channels(input, p, training, 2, "dropout2d");
}
DEEPSEEK_FACTS(dropout2d, .in = {"functional"}, .good = {"randn(2, 3, 4, 4), 0.5"},
               .bad = {"randn(3), 0.5", "randn(2, 3, 4, 4), 2.0"},
               .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, dropout3d, (const Tensor& input, double p DEFAULT(0.5), bool training DEFAULT(true)),
                  "Dropout of whole channels of input (N, C, D, H, W) or (C, D, H, W).") {
  return drop_channels(input, p, training, 3, "dropout3d");
}
DEEPSEEK_FACTS(dropout3d, .in = {"functional"}, .good = {"randn(2, 3, 2, 2, 2), 0.5"}, .bad = {"randn(3), 0.5"},
               .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, feature_alpha_dropout, (const Tensor& input, double p DEFAULT(0.5), bool training DEFAULT(false)),
                  "alpha_dropout of whole channels of input (N, C, ...).") {
  ensure(input.rank() >= 2 || !training, "feature_alpha_dropout: input must have at least 2 dims, but is ", to_string(input.shape()));
  Shape mask = input.shape();
  for (int d = 2; d < mask.size(); ++d) mask[d] = 1;
  return drop_to_limit(input, p, training, mask, "feature_alpha_dropout");
}
DEEPSEEK_FACTS(feature_alpha_dropout, .in = {"functional"}, .good = {"randn(2, 3, 4), 0.5, True"}, .bad = {"randn(2, 3), 1.5"},
               .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, alpha_dropout, (const Tensor& input, double p DEFAULT(0.5), bool training DEFAULT(false)),
                  "Dropout that keeps mean 0 and variance 1 of SELU networks: dropped elements take SELU's lower limit, and "
                  "all are scaled and shifted.") {
  return drop_to_limit(input, p, training, input.shape(), "alpha_dropout");
}
DEEPSEEK_FACTS(alpha_dropout, .in = {"functional"}, .good = {"randn(2, 3), 0.5, True"}, .bad = {"randn(3), 1.5"},
               .check_grad = false);

}  // namespace deepseek
