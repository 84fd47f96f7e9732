// clamp and its one-sided forms; hardtanh and relu6, whose gradient is 0 at the limits too.
#include "deepseek/ops.h"
#include "deepseek/ops/pointwise/support.h"

namespace deepseek {
namespace {

struct InsideBackward : Pointwise {
  static constexpr OpInfo info{.name = "clamp_backward"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T g, T x, T low, T high) {
    return ((x >= low) & (x <= high)) ? g : T{0};
  }
  void gradient(Grad& g) const { g.set(0, apply(InsideBackward{}, g.grad(), g.input(1), g.input(2), g.input(3))); }
};

// A limit that is NaN gives NaN; a lower limit above the upper one loses.
struct Clamp : Pointwise {
  static constexpr OpInfo info{.name = "clamp", .onnx = "Clip"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Numeric;
  template <class T>
  static T lane(T x, T low, T high) {
    const T raised = ((x < low) | (low != low)) ? low : x;
    return ((raised > high) | (high != high)) ? high : raised;
  }
  void gradient(Grad& g) const {
    const Tensor x = g.input(0), low = g.input(1), high = g.input(2);
    if (g.needs(0)) g.set(0, apply(InsideBackward{}, g.grad(), x, low, high));
    if (g.needs(1)) g.set(1, where(logical_and(lt(low, high), lt(x, low)), g.grad(), 0.0));
    if (g.needs(2)) g.set(2, where(logical_or(gt(x, high), lt(high, low)), g.grad(), 0.0));
  }
};
struct ClampMin : Pointwise {
  static constexpr OpInfo info{.name = "clamp_min"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::AllTypes;
  template <class T>
  static T lane(T x, T low) {
    return ((x < low) | (low != low)) ? low : x;
  }
  void gradient(Grad& g) const {
    const Tensor below = lt(g.input(0), g.input(1));
    if (g.needs(0)) g.set(0, where(below, 0.0, g.grad()));
    if (g.needs(1)) g.set(1, where(below, g.grad(), 0.0));
  }
};
struct ClampMax : Pointwise {
  static constexpr OpInfo info{.name = "clamp_max"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::AllTypes;
  template <class T>
  static T lane(T x, T high) {
    return ((x > high) | (high != high)) ? high : x;
  }
  void gradient(Grad& g) const {
    const Tensor above = gt(g.input(0), g.input(1));
    if (g.needs(0)) g.set(0, where(above, 0.0, g.grad()));
    if (g.needs(1)) g.set(1, where(above, g.grad(), 0.0));
  }
};

struct StrictlyInsideBackward : Pointwise {
  static constexpr OpInfo info{.name = "hardtanh_backward"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Floating;
  template <class T>
  static T lane(T g, T x, T low, T high) {
    return ((x > low) & (x < high)) ? g : T{0};
  }
  void gradient(Grad& g) const { g.set(0, apply(StrictlyInsideBackward{}, g.grad(), g.input(1), g.input(2), g.input(3))); }
};
struct Hardtanh : Pointwise {
  static constexpr OpInfo info{.name = "hardtanh", .onnx = "Clip"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Numeric;
  template <class T>
  static T lane(T x, T low, T high) {
    return Clamp::lane(x, low, high);
  }
  void gradient(Grad& g) const { g.set(0, apply(StrictlyInsideBackward{}, g.grad(), g.input(0), g.input(1), g.input(2))); }
};

struct Relu6 : Pointwise {
  static constexpr OpInfo info{.name = "relu6", .onnx = "Clip", .tflite = "RELU6"};
  static constexpr Saves saves = Saves::inputs;
  using Lanes = fused::Numeric;
  template <class T>
  static T lane(T x) {
    return Clamp::lane(x, T{0}, T{6});
  }
  void gradient(Grad& g) const {
    const Tensor x = g.input();
    g.set(0, apply(StrictlyInsideBackward{}, g.grad(), x, pointwise::scalar_like(x, 0), pointwise::scalar_like(x, 6)));
  }
};

Tensor limited(const Tensor& input, double low, double high, const char* op) {
  ensure(low <= high, op, ": min_val must be at most max_val, but they are ", low, " and ", high);
  if (input.dtype() == DType::bool_) raise_type(op, ": input must be a number tensor, but is bool");
  return apply(Hardtanh{}, input, pointwise::scalar_like(input, low), pointwise::scalar_like(input, high));
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, clamp,
                  (const Tensor& input, std::optional<Tensor> min DEFAULT(std::nullopt),
                      std::optional<Tensor> max DEFAULT(std::nullopt)),
                  "input limited to [min, max], numbers or tensors that broadcast; a missing limit does not limit.\n\n"
                  "Types promote. NaN stays NaN. The gradient passes where the element is inside or on a limit.") {
  ensure(min || max, "clamp: min, max or both must be given");
  Tensor x = input;
  if (!max) {
    Tensor low = *min;
    promote_operands(x, low);
    return apply(ClampMin{}, x, low);
  }
  Tensor high = *max;
  if (!min) {
    promote_operands(x, high);
    return apply(ClampMax{}, x, high);
  }
  Tensor low = *min;
  promote_operands(x, low, high);
  return apply(Clamp{}, x, low, high);
}
DEEPSEEK_FACTS(clamp, .in = {"method"},
               .reference = "numpy.clip(input, min, max)",
               .good = {"randn(2, 3), -0.5, 0.5", "randn(2, 3), min=0.1", "randn(2, 3), max=0.1",
                        "randn(4, 3), randn(3) - 1, randn(4, 1) + 1",
                        "ints(5), 2, 4", "ints(5), max=4", "randn(), 0.0, 1.0", "randn(0), 0.0, 1.0"},
               .bad = {"randn(3)", "randn(3), randn(2)"});

DEEPSEEK_FUNCTION(Tensor, clip,
                  (const Tensor& input, std::optional<Tensor> min DEFAULT(std::nullopt),
                      std::optional<Tensor> max DEFAULT(std::nullopt)),
                  "input limited to [min, max]; the same as clamp.") {
  return clamp(input, min, max);
}
DEEPSEEK_FACTS(clip, .in = {"method"}, .reference = "numpy.clip(input, min, max)", .good = {"randn(2, 3), -0.5, 0.5"});

DEEPSEEK_FUNCTION(Tensor, clamp_min, (const Tensor& input, const Tensor& min), "input limited from below by min.") {
  return clamp(input, min);
}
DEEPSEEK_FACTS(clamp_min, .in = {"method"}, .reference = "numpy.maximum(input, min)", .good = {"randn(2, 3), 0.1"},
               .bad = {"randn(3), randn(2)"});

DEEPSEEK_FUNCTION(Tensor, clamp_max, (const Tensor& input, const Tensor& max), "input limited from above by max.") {
  return clamp(input, std::nullopt, max);
}
DEEPSEEK_FACTS(clamp_max, .in = {"method"}, .reference = "numpy.minimum(input, max)", .good = {"randn(2, 3), 0.1"},
               .bad = {"randn(3), randn(2)"});

DEEPSEEK_FUNCTION(Tensor, hardtanh, (const Tensor& input, double min_val DEFAULT(-1.0), double max_val DEFAULT(1.0)),
                  "input limited to [min_val, max_val]. The gradient at and beyond the limits is 0.") {
  return limited(input, min_val, max_val, "hardtanh");
}
DEEPSEEK_FACTS(hardtanh, .in = {"functional"}, .reference = "numpy.clip(input, min_val, max_val)",
               .good = {"randn(2, 3)", "randn(2, 3), -0.5, 0.25", "ints(4), 0, 2"}, .bad = {"randn(3), 1.0, -1.0", "bools(2)"});

DEEPSEEK_FUNCTION(Tensor, relu6, (const Tensor& input),
                  "input limited to [0, 6]. The gradient at and beyond the limits is 0.") {
  if (input.dtype() == DType::bool_) raise_type("relu6: input must be a number tensor, but is bool");
  return apply(Relu6{}, input);
}
DEEPSEEK_FACTS(relu6, .in = {"functional"}, .reference = "numpy.clip(input, 0, 6)", .good = {"randn(2, 3) * 5", "randn(0)"},
               .bad = {"bools(2)"});

}  // namespace deepseek
