// Reading and writing one element per line, at the class that a target names.
#pragma once
#include "deepseek/ops/op.h"

namespace deepseek {

// x (n, c, ...), target (n, ...) of int64 -> x[n, target[n], ...]; zero where the target is `ignore`. Raises an index error
// when a target is no class.
struct ClassPick : KernelOp {
  static constexpr OpInfo info{.name = "class_pick"};
  static constexpr Saves saves = Saves::inputs;
  int64_t ignore = -100;
  const char* caller = "cross_entropy";  // for the error
  static constexpr auto attrs = std::tuple{&ClassPick::ignore, &ClassPick::caller};
  Spec infer(const Spec& x, const Spec& target) const { return {x.dtype, target.shape}; }
  KernelFn prepare(KernelContext& context) const;
  void gradient(Grad& g) const;
};

// values (n, ...), target (n, ...) -> (n, classes, ...): each value at its target's class, zeros elsewhere.
struct ClassSpread : Composite {
  static constexpr OpInfo info{.name = "class_spread"};
  static constexpr Saves saves = Saves::inputs;
  int64_t classes = 0, ignore = -100;
  static constexpr auto attrs = std::tuple{&ClassSpread::classes, &ClassSpread::ignore};
  Spec infer(const Spec& values, const Spec& target) const;
  Tensor expand(const Tensor& values, const Tensor& target) const;
  void gradient(Grad& g) const;
};

// bool (n, classes, ...): whether the position is the target's class.
Tensor is_class(const Tensor& target, int64_t classes);

// (n, ...) -> (n, 1, ...)
Tensor as_column(const Tensor& t);

}  // namespace deepseek
