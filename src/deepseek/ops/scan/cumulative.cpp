#include <cmath>

#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/scan/element.h"
#include "deepseek/ops/scan/lines.h"
#include "deepseek/ops/scan/scan.h"
#include "deepseek/ops/view/window.h"

namespace deepseek {
namespace {

constexpr int64_t widest = 256;  // lines that advance together

// state = step(state, x) along each line; the states of neighbouring lines advance together, so that loops vectorise.
template <class T, class State, class Step>
void scan(const KernelArgs& a, int64_t dim, bool reverse, State start, Step step) {
  const LineShape l(a.out_spec().shape, static_cast<int>(dim));
  const T* in = a.in<T>(0);
  T* out = a.out<T>();
  for_lines(l, widest, [&](int64_t offset, int64_t width) {
    State state[widest];
    std::fill_n(state, width, start);
    for (int64_t k = 0; k < l.n; ++k) {
      const int64_t at = offset + (reverse ? l.n - 1 - k : k) * l.inner;
      for (int64_t i = 0; i < width; ++i)
        out[at + i] = store<T>(static_cast<Arithmetic<T>>(step(state[i], load(in[at + i]))));
    }
  });
}

template <class T>
using Wide = std::conditional_t<std::is_same_v<Arithmetic<T>, float>, double, Arithmetic<T>>;

struct CumSum : KernelOp {
  static constexpr OpInfo info{.name = "cumsum", .amp = Amp::full, .onnx = "CumSum", .tflite = "CUMSUM"};
  static constexpr Saves saves = Saves::nothing;
  int64_t dim = 0;
  bool reverse = false;
  static constexpr auto attrs = std::tuple{&CumSum::dim, &CumSum::reverse};

  Spec infer(const Spec& in) const { return in; }
  void cpu(const KernelArgs& a) const {
    visit_dtype(a.out_spec().dtype, [&](auto type) {
      using T = decltype(type);
      scan<T>(a, dim, reverse, Wide<T>{0}, [](Wide<T>& s, Arithmetic<T> x) { return s = wrapping_add<Wide<T>>(s, x); });
    });
  }
  void gradient(Grad& g) const { g.set(0, apply(CumSum{.dim = dim, .reverse = !reverse}, g.grad())); }
};

struct CumProd : KernelOp {
  static constexpr OpInfo info{.name = "cumprod", .amp = Amp::full};
  int64_t dim = 0;
  bool reverse = false;
  static constexpr auto attrs = std::tuple{&CumProd::dim, &CumProd::reverse};

  Spec infer(const Spec& in) const { return in; }
  void cpu(const KernelArgs& a) const {
    visit_dtype(a.out_spec().dtype, [&](auto type) {
      using T = decltype(type);
      scan<T>(a, dim, reverse, Wide<T>{1}, [](Wide<T>& s, Arithmetic<T> x) { return s = wrapping_mul<Wide<T>>(s, x); });
    });
  }
  // dx[i] = y[i - 1] * sum over k >= i of g[k] * x[i + 1] ... x[k]: no division, so zeros are no special case.
  void gradient(Grad& g) const {
    const int d = static_cast<int>(dim);
    const Tensor later = running_linear(shifted(g.input(), d, !reverse, 0), g.grad(), d, !reverse);
    g.set(0, shifted(g.output(), d, reverse, 1) * later);
  }
};

struct LinearScan : KernelOp {
  static constexpr OpInfo info{.name = "running_linear"};
  int64_t dim = 0;
  bool reverse = false;
  static constexpr auto attrs = std::tuple{&LinearScan::dim, &LinearScan::reverse};

  Spec infer(const Spec&, const Spec& b) const { return b; }
  void cpu(const KernelArgs& args) const {
    visit_dtype(args.out_spec().dtype, [&](auto type) {
      using T = decltype(type);
      if constexpr (std::is_floating_point_v<Arithmetic<T>>) {
        const LineShape l(args.out_spec().shape, static_cast<int>(dim));
        const T *a = args.in<T>(0), *b = args.in<T>(1);
        T* out = args.out<T>();
        for_lines(l, widest, [&](int64_t offset, int64_t width) {
          Wide<T> state[widest] = {};
          for (int64_t k = 0; k < l.n; ++k) {
            const int64_t at = offset + (reverse ? l.n - 1 - k : k) * l.inner;
            for (int64_t i = 0; i < width; ++i) {
              state[i] = load(b[at + i]) + (k == 0 ? 0 : load(a[at + i]) * state[i]);
              out[at + i] = store<T>(static_cast<Arithmetic<T>>(state[i]));
            }
          }
        });
      }
    });
  }
  void gradient(Grad& g) const {
    const int d = static_cast<int>(dim);
    const Tensor later = running_linear(shifted(g.input(0), d, !reverse, 0), g.grad(), d, !reverse);
    if (g.needs(0)) g.set(0, later * shifted(g.output(), d, reverse, 0));
    g.set(1, later);
  }
};

struct LogCumSumExp : KernelOp {
  static constexpr OpInfo info{.name = "logcumsumexp", .amp = Amp::full};
  int64_t dim = 0;
  static constexpr auto attrs = std::tuple{&LogCumSumExp::dim};

  Spec infer(const Spec& in) const { return in; }
  void cpu(const KernelArgs& a) const {
    visit_dtype(a.out_spec().dtype, [&](auto type) {
      using T = decltype(type);
      if constexpr (std::is_floating_point_v<Arithmetic<T>>) {
        constexpr double lowest = -std::numeric_limits<double>::infinity();
        scan<T>(a, dim, false, lowest, [](double& s, double x) {
          const double high = std::max(s, x), low = std::min(s, x);
          const bool plain = high == low && std::isinf(high);  // inf - inf would be NaN
          return s = is_nan(x) || is_nan(s) ? s + x : plain ? high : high + std::log1p(std::exp(low - high));
        });
      }
    });
  }
  // sum over k >= i of g[k] * exp(x[i] - y[k]), written with differences that are never positive.
  void gradient(Grad& g) const {
    const int d = static_cast<int>(dim);
    const Tensor x = g.input(), y = g.output();
    const Tensor none = y == filled_like(y, -std::numeric_limits<double>::infinity()), zero = filled_like(y, 0);
    // The last difference has no meaning and no effect; it must only not overflow.
    const Tensor decay = where(none, zero, exp(minimum(y - shifted(y, d, true, 0), 0)));
    const Tensor share = where(none, zero, exp(x - y));
    g.set(0, share * running_linear(decay, g.grad(), d, true));
  }
};

Tensor scan_input(const Tensor& input, std::optional<DType> dtype) {
  return cast(input, dtype.value_or(is_floating_point(input.dtype()) ? input.dtype() : DType::int64));
}

}  // namespace

Tensor running_sum(const Tensor& input, int dim, bool reverse) {
  return apply(CumSum{.dim = dim, .reverse = reverse}, input);
}
Tensor running_product(const Tensor& input, int dim, bool reverse) {
  return apply(CumProd{.dim = dim, .reverse = reverse}, input);
}
Tensor running_linear(const Tensor& a, const Tensor& b, int dim, bool reverse) {
  return apply(LinearScan{.dim = dim, .reverse = reverse}, a, b);
}

Tensor shifted(const Tensor& input, int dim, bool back, double fill) {
  if (input.rank() == 0) return filled_like(input, fill);
  const int64_t n = input.shape()[dim];
  if (n == 0) return input;
  return pad_window(slice_of(input, dim, back ? 1 : 0, n - 1), dim, back ? 0 : 1, back ? 1 : 0, 0, fill);
}

DEEPSEEK_FUNCTION(
    Tensor, cumsum, (const Tensor& input, int64_t dim, std::optional<DType> dtype DEFAULT(std::nullopt)),
    "Running sum along `dim`. Integers and bools are summed in int64 unless `dtype` names another type.") {
  return running_sum(scan_input(input, dtype), wrap_dim(dim, input.rank(), "cumsum"), false);
}
DEEPSEEK_FACTS(cumsum, .in = {"method"}, .reference = "numpy.cumsum(input, axis=dim)",
               .good = {"randn(5), 0", "randn(3, 4), -1", "randn(3, 4, 2), 1", "ints(4, 3), 0", "bools(6), 0",
                        "randn(0, 3), 0"},
               .bad = {"randn(3), 1"});

DEEPSEEK_FUNCTION(
    Tensor, cumprod, (const Tensor& input, int64_t dim, std::optional<DType> dtype DEFAULT(std::nullopt)),
    "Running product along `dim`. Integers and bools are multiplied in int64 unless `dtype` names another type.") {
  return running_product(scan_input(input, dtype), wrap_dim(dim, input.rank(), "cumprod"), false);
}
DEEPSEEK_FACTS(cumprod, .in = {"method"}, .reference = "numpy.cumprod(input, axis=dim)",
               .good = {"randn(5), 0", "randn(3, 4), -1", "randn(3, 4, 2), 1", "ints(4, 3), 0", "randn(4) * 0, 0"},
               .bad = {"randn(3), -2"});

DEEPSEEK_FUNCTION(Tensor, logcumsumexp, (const Tensor& input, int64_t dim),
                  "Logarithm of the running sum of exponentials along `dim`, without overflow. Floating types only.") {
  if (!is_floating_point(input.dtype()))
    raise_type("logcumsumexp: needs a floating type, but input is ", name_of(input.dtype()));
  return apply(LogCumSumExp{.dim = wrap_dim(dim, input.rank(), "logcumsumexp")}, input);
}
DEEPSEEK_FACTS(logcumsumexp, .in = {"method"}, .reference = "numpy.logaddexp.accumulate(input, axis=dim)",
               .good = {"randn(5), 0", "randn(3, 4), -1", "randn(3, 4, 2) * 100, 1"},
               .bad = {"ints(3), 0", "randn(3), 1"});

}  // namespace deepseek
