// maximum, minimum (NaN wins) and fmax, fmin (numbers win).
#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

// The share of g that belongs to a as the larger of a and b: half where they are equal.
struct MaximumBackward : Pointwise {
  static constexpr OpInfo info{.name = "maximum_backward"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T g, T a, T b) {
    const T share = a == b ? g * T(0.5) : g;
    return a < b ? T{0} : share;
  }
  void gradient(Grad& g) const { g.set(0, apply(MaximumBackward{}, g.grad(), g.input(1), g.input(2))); }
};

struct Maximum : Pointwise {
  static constexpr OpInfo info{.name = "maximum", .onnx = "Max", .tflite = "MAXIMUM"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::AllTypes;
  template <class T>
  static T lane(T a, T b) {
    return ((a > b) | (a != a)) ? a : b;
  }
  void gradient(Grad& g) const {
    if (g.needs(0)) g.set(0, apply(MaximumBackward{}, g.grad(), g.input(0), g.input(1)));
    if (g.needs(1)) g.set(1, apply(MaximumBackward{}, g.grad(), g.input(1), g.input(0)));
  }
};

struct Minimum : Pointwise {
  static constexpr OpInfo info{.name = "minimum", .onnx = "Min", .tflite = "MINIMUM"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::AllTypes;
  template <class T>
  static T lane(T a, T b) {
    return ((a < b) | (a != a)) ? a : b;
  }
  void gradient(Grad& g) const {
    if (g.needs(0)) g.set(0, apply(MaximumBackward{}, g.grad(), -g.input(0), -g.input(1)));
    if (g.needs(1)) g.set(1, apply(MaximumBackward{}, g.grad(), -g.input(1), -g.input(0)));
  }
};

struct Fmax : Pointwise {
  static constexpr OpInfo info{.name = "fmax"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::AllTypes;
  template <class T>
  static T lane(T a, T b) {
    return ((a >= b) | (b != b)) ? a : b;
  }
  void gradient(Grad& g) const {
    const Tensor first = ge(g.input(0), g.input(1)) | ne(g.input(1), g.input(1));
    const Tensor zero = pointwise::scalar_like(g.grad(), 0);
    if (g.needs(0)) g.set(0, where(first, g.grad(), zero));
    if (g.needs(1)) g.set(1, where(first, zero, g.grad()));
  }
};

struct Fmin : Pointwise {
  static constexpr OpInfo info{.name = "fmin"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::AllTypes;
  template <class T>
  static T lane(T a, T b) {
    return ((a <= b) | (b != b)) ? a : b;
  }
  void gradient(Grad& g) const {
    const Tensor first = le(g.input(0), g.input(1)) | ne(g.input(1), g.input(1));
    const Tensor zero = pointwise::scalar_like(g.grad(), 0);
    if (g.needs(0)) g.set(0, where(first, g.grad(), zero));
    if (g.needs(1)) g.set(1, where(first, zero, g.grad()));
  }
};

}  // namespace

DEEPSEEK_FUNCTION(Tensor, maximum, (const Tensor& input, const Tensor& other),
                  "The larger of input and other, element by element; NaN if either is.\n\n"
                  "Shapes broadcast and types promote. Where both are equal each gets half of the gradient.") {
  return pointwise::binary<Maximum>(input, other);
}
DEEPSEEK_FACTS(maximum, .in = {"method"}, .reference = "numpy.maximum(input, other)",
               .good = {"randn(2, 3), randn(2, 3)", "randn(4, 1), randn(3)", "ints(4), 2", "bools(3), bools(3)",
                        "randn(0), randn(0)"},
               .bad = {"randn(2, 3), randn(2)"});

DEEPSEEK_FUNCTION(Tensor, minimum, (const Tensor& input, const Tensor& other),
                  "The smaller of input and other, element by element; NaN if either is.\n\n"
                  "Shapes broadcast and types promote. Where both are equal each gets half of the gradient.") {
  return pointwise::binary<Minimum>(input, other);
}
DEEPSEEK_FACTS(minimum, .in = {"method"}, .reference = "numpy.minimum(input, other)",
               .good = {"randn(2, 3), randn(2, 3)", "randn(4, 1), randn(3)", "ints(4), 2", "bools(3), bools(3)",
                        "randn(0), randn(0)"},
               .bad = {"randn(2, 3), randn(2)"});

DEEPSEEK_FUNCTION(Tensor, fmax, (const Tensor& input, const Tensor& other),
                  "The larger of input and other, element by element; a NaN loses against a number. Shapes broadcast.") {
  return pointwise::binary<Fmax>(input, other);
}
DEEPSEEK_FACTS(fmax, .in = {"method"}, .reference = "numpy.fmax(input, other)",
               .good = {"randn(2, 3), randn(2, 3)", "randn(4, 1), randn(3)", "ints(4), ints(4)", "bools(3), bools(3)"},
                        .bad = {"randn(2, 3), randn(2)"});

DEEPSEEK_FUNCTION(Tensor, fmin, (const Tensor& input, const Tensor& other),
                  "The smaller of input and other, element by element; a NaN loses against a number. Shapes broadcast.") {
  return pointwise::binary<Fmin>(input, other);
}
DEEPSEEK_FACTS(fmin, .in = {"method"}, .reference = "numpy.fmin(input, other)",
               .good = {"randn(2, 3), randn(2, 3)", "randn(4, 1), randn(3)", "ints(4), ints(4)", "bools(3), bools(3)"},
                        .bad = {"randn(2, 3), randn(2)"});

}  // namespace deepseek
