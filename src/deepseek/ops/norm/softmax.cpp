// softmax and log_softmax as row programs: largest element, exponentials, sum, quotient.
#include "deepseek/ops.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/norm/wide.h"
#include "deepseek/ops/op.h"

namespace deepseek {
namespace {

// Relative to the largest element of each line.
Tensor shifted(const Tensor& x, int64_t dim) { return x - reduce(fused::ReduceKind::max, x, {dim}, true); }

// gradient, output -> gradient of the input
struct SoftmaxBackward : Composite {
  static constexpr OpInfo info{.name = "softmax_backward"};
  static constexpr Saves saves = Saves::inputs;
  int64_t dim = 0;
  static constexpr auto attrs = std::tuple{&SoftmaxBackward::dim};
  Spec infer(const Spec&, const Spec& y) const { return y; }
  Tensor expand(const Tensor& up, const Tensor& out) const {
    const Tensor g = wide(up), y = wide(out);
    return cast((g - sum_over(g * y, {dim})) * y, out.dtype());
  }
  void gradient(Grad& g) const {
    const Tensor u = g.grad(), up = g.input(0), y = g.input(1);
    if (g.needs(0)) g.set(0, apply(*this, u, y));
    if (g.needs(1)) g.set(1, u * (up - sum_over(up * y, {dim})) - up * sum_over(u * y, {dim}));
  }
};

struct Softmax : Composite {
  static constexpr OpInfo info{.name = "softmax", .amp = Amp::full, .onnx = "Softmax", .tflite = "SOFTMAX"};
  static constexpr Saves saves = Saves::outputs;
  int64_t dim = 0;
  static constexpr auto attrs = std::tuple{&Softmax::dim};
  Spec infer(const Spec& x) const { return x; }
  Tensor expand(const Tensor& input) const {
    if (input.numel() == 0) return copy_of(input);
    const Tensor e = exp(shifted(wide(input), dim));
    return cast(e / sum_over(e, {dim}), input.dtype());
  }
  void gradient(Grad& g) const { g.set(0, apply(SoftmaxBackward{.dim = dim}, g.grad(), g.output())); }
};

struct LogSoftmaxBackward : Composite {
  static constexpr OpInfo info{.name = "log_softmax_backward"};
  static constexpr Saves saves = Saves::inputs;
  int64_t dim = 0;
  static constexpr auto attrs = std::tuple{&LogSoftmaxBackward::dim};
  Spec infer(const Spec&, const Spec& y) const { return y; }
  Tensor expand(const Tensor& up, const Tensor& out) const {
    const Tensor g = wide(up), y = wide(out);
    return cast(g - exp(y) * sum_over(g, {dim}), out.dtype());
  }
  void gradient(Grad& g) const {
    const Tensor u = g.grad(), up = g.input(0), p = exp(g.input(1));
    if (g.needs(0)) g.set(0, u - sum_over(u * p, {dim}));
    if (g.needs(1)) g.set(1, -(u * p * sum_over(up, {dim})));
  }
};

struct LogSoftmax : Composite {
  static constexpr OpInfo info{.name = "log_softmax", .amp = Amp::full, .onnx = "LogSoftmax", .tflite = "LOG_SOFTMAX"};
  static constexpr Saves saves = Saves::outputs;
  int64_t dim = 0;
  static constexpr auto attrs = std::tuple{&LogSoftmax::dim};
  Spec infer(const Spec& x) const { return x; }
  Tensor expand(const Tensor& input) const {
    if (input.numel() == 0) return copy_of(input);
    const Tensor x = shifted(wide(input), dim);
    return cast(x - log(sum_over(exp(x), {dim})), input.dtype());
  }
  void gradient(Grad& g) const { g.set(0, apply(LogSoftmaxBackward{.dim = dim}, g.grad(), g.output())); }
};

template <class S>
Tensor along(std::string_view op, const Tensor& input, int64_t dim, std::optional<DType> dtype) {
  const Tensor x = dtype ? cast(input, *dtype) : input;
  if (!is_floating_point(x.dtype())) raise_type(op, ": input must be floating point, but it is ", name_of(x.dtype()),
                                                "; give a dtype");
  const int64_t at = wrap_dim(dim, x.rank(), op);
  if (x.rank() == 0) return reshape(apply(S{.dim = 0}, reshape(x, {1})), Dims{});
  return apply(S{.dim = at}, x);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, softmax, (const Tensor& input, int64_t dim DEFAULT(-1),
                                    std::optional<DType> dtype DEFAULT(std::nullopt)),
                  "Exponentials of `input` scaled so that each line along `dim` sums to one; the shape stays.\n"
                  "With `dtype` the input is converted first.") {
  return along<Softmax>("softmax", input, dim, dtype);
}
DEEPSEEK_FACTS(softmax, .in = {"method", "functional"}, .reference = "scipy.special.softmax(input, axis=dim)",
               .good = {"randn(2, 3)", "randn(4, 3, 5), dim=1", "randn(3, 4), 0", "randn(0, 3)"},
               .bad = {"randn(2), dim=7", "ints(3)"});

DEEPSEEK_FUNCTION(Tensor, log_softmax, (const Tensor& input, int64_t dim DEFAULT(-1),
                                        std::optional<DType> dtype DEFAULT(std::nullopt)),
                  "The logarithm of softmax along `dim`, exact where softmax itself would be zero; the shape stays.\n"
                  "With `dtype` the input is converted first.") {
  return along<LogSoftmax>("log_softmax", input, dim, dtype);
}
DEEPSEEK_FACTS(log_softmax, .in = {"method", "functional"}, .reference = "scipy.special.log_softmax(input, axis=dim)",
               .good = {"randn(2, 3)", "randn(4, 3, 5), dim=1", "randn(3, 4), 0", "randn(0, 3)"},
               .bad = {"randn(2), dim=7", "ints(3)"});

DEEPSEEK_FUNCTION(Tensor, softmin, (const Tensor& input, int64_t dim DEFAULT(-1),
                                    std::optional<DType> dtype DEFAULT(std::nullopt)),
                  "softmax of the negative of `input` along `dim`; the shape stays.") {
  return along<Softmax>("softmin", -(dtype ? cast(input, *dtype) : input), dim, std::nullopt);
}
DEEPSEEK_FACTS(softmin, .in = {"functional"}, .reference = "scipy.special.softmax(-input, axis=dim)",
               .good = {"randn(2, 3)", "randn(3, 4), 0"}, .bad = {"randn(2), dim=7"});

}  // namespace deepseek
