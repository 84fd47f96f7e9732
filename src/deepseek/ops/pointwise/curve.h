// Activations without parameters, from value, slope and second derivative of the curve:
//
//   struct Silu {
//     static constexpr OpInfo info{.name = "silu"};
//     static constexpr std::string_view slope_name = "silu_backward", bend_name = "silu_bend";
//     template <class T> static T value(T x);
//     template <class T> static T slope(T x);
//     template <class T> static T bend(T x);
//   };
//
// Forward and backward are one lane each, which saves passes and the digits that composing would lose.
#pragma once
#include "deepseek/ops/pointwise/support.h"

namespace deepseek::pointwise {

template <class F>
struct Bend : Pointwise {
  static constexpr OpInfo info{.name = F::bend_name};
  static constexpr NotDifferentiable gradient{"activations have two derivatives here; for a third write the activation with exp, tanh and erf"};
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return F::bend(x);
  }
};

template <class F>
struct Slope : Pointwise {
  static constexpr OpInfo info{.name = F::slope_name};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T g, T x) {
    return g * F::slope(x);
  }
  void gradient(Grad& g) const {
    g.set(0, apply(Slope{}, g.grad(), g.input(1)));
    if (g.needs(1)) g.set(1, g.grad() * g.input(0) * apply(Bend<F>{}, g.input(1)));
  }
};

template <class F>
struct Curve : Pointwise {
  static constexpr OpInfo info = F::info;
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return F::value(x);
  }
  void gradient(Grad& g) const { g.set(0, apply(Slope<F>{}, g.grad(), g.input())); }
};

template <class F>
Tensor curve(const Tensor& input) {
  if (!is_floating_point(input.dtype())) raise_type(F::info.name, ": input must be a floating tensor, but is ",
      name_of(input.dtype()));
  return apply(Curve<F>{}, input);
}

}  // namespace deepseek::pointwise
