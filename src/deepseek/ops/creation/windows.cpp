// Windows of signal processing: hann, hamming, blackman, bartlett, kaiser.
#include <cmath>

#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/creation/sizes.h"
#include "deepseek/ops/pointwise/bessel.h"

namespace deepseek {
namespace {

// `at` gives the value at x, a place from 0 at the first to 1 at the last element of a symmetric window. A periodic one is a
// symmetric one of an element more, without its last.
Tensor window(int64_t length, bool periodic, std::optional<DType> dtype, bool requires_grad, const char* op, auto at) {
  ensure(length >= 0, op, ": window_length must not be negative, but is ", length);
  const DType type = creation::or_default(dtype);
  if (!is_floating_point(type)) raise_type(op, ": dtype must be a floating type, but is ", name_of(type));
  std::vector<double> values(static_cast<size_t>(length));
  const auto last = static_cast<double>(periodic ? length : length - 1);
  for (size_t i = 0; i < values.size(); ++i) values[i] = length == 1 ? 1.0 : at(static_cast<double>(i) / last);
  return creation::finish(to(Tensor::from_vector(values, {length}), type), requires_grad);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, hann_window,
                  (int64_t window_length, bool periodic DEFAULT(true), std::optional<DType> dtype DEFAULT(std::nullopt),
                   bool requires_grad DEFAULT(false)),
                  "0.5 - 0.5 cos(2 pi n / N) for n = 0, 1, ...: N is window_length when `periodic`, else one less.") {
  return window(window_length, periodic, dtype, requires_grad, "hann_window", [](double x) { return 0.5 - 0.5 * std::cos(2 * M_PI * x); });
}
DEEPSEEK_FACTS(hann_window, .reference = "scipy.signal.windows.hann(window_length, not periodic)", .good = {"6", "5, False", "1", "0", "4, dtype=float64"},
               .bad = {"-1", "4, dtype=int64"});

DEEPSEEK_FUNCTION(Tensor, hamming_window,
                  (int64_t window_length, bool periodic DEFAULT(true), double alpha DEFAULT(0.54), double beta DEFAULT(0.46),
                   std::optional<DType> dtype DEFAULT(std::nullopt), bool requires_grad DEFAULT(false)),
                  "alpha - beta cos(2 pi n / N) for n = 0, 1, ...: N is window_length when `periodic`, else one less.") {
  return window(window_length, periodic, dtype, requires_grad, "hamming_window", [=](double x) { return alpha - beta * std::cos(2 * M_PI * x); });
}
DEEPSEEK_FACTS(hamming_window, .reference = "scipy.signal.windows.hamming(window_length, not periodic)", .good = {"6", "5, False"}, .bad = {"-1"});

DEEPSEEK_FUNCTION(Tensor, blackman_window,
                  (int64_t window_length, bool periodic DEFAULT(true), std::optional<DType> dtype DEFAULT(std::nullopt),
                   bool requires_grad DEFAULT(false)),
                  "0.42 - 0.5 cos(2 pi n / N) + 0.08 cos(4 pi n / N) for n = 0, 1, ...: N is window_length when `periodic`, else one less.") {
  return window(window_length, periodic, dtype, requires_grad, "blackman_window",
                [](double x) { return 0.42 - 0.5 * std::cos(2 * M_PI * x) + 0.08 * std::cos(4 * M_PI * x); });
}
DEEPSEEK_FACTS(blackman_window, .reference = "scipy.signal.windows.blackman(window_length, not periodic)", .good = {"6", "5, False"}, .bad = {"-1"});

DEEPSEEK_FUNCTION(Tensor, bartlett_window,
                  (int64_t window_length, bool periodic DEFAULT(true), std::optional<DType> dtype DEFAULT(std::nullopt),
                   bool requires_grad DEFAULT(false)),
                  "1 - |2 n / N - 1| for n = 0, 1, ...: N is window_length when `periodic`, else one less.") {
  return window(window_length, periodic, dtype, requires_grad, "bartlett_window", [](double x) { return 1 - std::fabs(2 * x - 1); });
}
DEEPSEEK_FACTS(bartlett_window, .reference = "scipy.signal.windows.bartlett(window_length, not periodic)", .good = {"6", "5, False"}, .bad = {"-1"});

DEEPSEEK_FUNCTION(Tensor, kaiser_window,
                  (int64_t window_length, bool periodic DEFAULT(true), double beta DEFAULT(12.0), std::optional<DType> dtype DEFAULT(std::nullopt),
                   bool requires_grad DEFAULT(false)),
                  "I0(beta sqrt(1 - (2 n / N - 1)^2)) / I0(beta) for n = 0, 1, ..., with the modified Bessel function I0: N is "
                  "window_length when `periodic`, else one less.") {
  const double scale = pointwise::modified_bessel_i(0, beta);
  return window(window_length, periodic, dtype, requires_grad, "kaiser_window", [=](double x) {
    const double away = 2 * x - 1;
    return pointwise::modified_bessel_i(0, beta * std::sqrt(std::max(0.0, 1 - away * away))) / scale;
  });
}
DEEPSEEK_FACTS(kaiser_window, .reference = "scipy.signal.windows.kaiser(window_length, beta, not periodic)", .good = {"6", "5, False, 4.0"}, .bad = {"-1"});

}  // namespace deepseek
