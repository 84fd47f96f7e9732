// Logarithms: log, log2, log10, log1p.
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

struct Log : Pointwise {
  static constexpr OpInfo info{.name = "log", .amp = Amp::full, .onnx = "Log", .tflite = "LOG"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return fused::log(x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() / g.input()); }
};

struct Log2 : Pointwise {
  static constexpr OpInfo info{.name = "log2", .amp = Amp::full};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return fused::log2(x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() / (g.input() * 0.6931471805599453)); }
};

struct Log10 : Pointwise {
  static constexpr OpInfo info{.name = "log10", .amp = Amp::full};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return fused::log10(x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() / (g.input() * 2.302585092994046)); }
};

struct Log1p : Pointwise {
  static constexpr OpInfo info{.name = "log1p", .amp = Amp::full};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T x) {
    return fused::log1p(x);
  }
  void gradient(Grad& g) const { g.set(0, g.grad() / (g.input() + 1.0)); }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, log, (const Tensor& input),
                  "The natural logarithm of each element: NaN below zero, -inf at zero; integers become floating point.") {
  return apply(Log{}, to_floating(input));
}
DEEPSEEK_FACTS(log, .in = {"method"}, .reference = "numpy.log(input)",
               .good = {"rand(2, 3) + 0.5", "rand() + 0.5", "ints(4, low=1)", "randn(0, 3)"});

DEEPSEEK_FUNCTION(Tensor, log2, (const Tensor& input),
                  "The logarithm to base 2 of each element; integers become floating point.") {
  return apply(Log2{}, to_floating(input));
}
DEEPSEEK_FACTS(log2, .in = {"method"}, .reference = "numpy.log2(input)", .good = {"rand(2, 3) + 0.5", "ints(4, low=1)"});

DEEPSEEK_FUNCTION(Tensor, log10, (const Tensor& input),
                  "The logarithm to base 10 of each element; integers become floating point.") {
  return apply(Log10{}, to_floating(input));
}
DEEPSEEK_FACTS(log10, .in = {"method"}, .reference = "numpy.log10(input)", .good = {"rand(2, 3) + 0.5", "ints(4, low=1)"});

DEEPSEEK_FUNCTION(Tensor, log1p, (const Tensor& input),
                  "log(1 + input) of each element without loss of digits near zero; integers become floating point.") {
  return apply(Log1p{}, to_floating(input));
}
DEEPSEEK_FACTS(log1p, .in = {"method", "special"}, .reference = "numpy.log1p(input)", .good = {"rand(2, 3)", "ints(4)"});

}  // namespace deepseek
