#include "deepseek/nn/init.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"

namespace deepseek::nn::init {
namespace {

Tensor fill(Tensor& tensor, const Tensor& values) {
  NoGradGuard no_grad;
  tensor.assign(values);
  return tensor;
}

void check_floating(const Tensor& t, std::string_view caller) {
  if (!is_floating_point(t.dtype())) raise_type(caller, ": the tensor must be of a floating type, but is ", name_of(t.dtype()));
}

double fan_for(const Shape& shape, const std::string& mode, std::string_view caller) {
  const Fans f = fans(shape, caller);
  ensure(mode == "fan_in" || mode == "fan_out", caller, ": mode must be 'fan_in' or 'fan_out', but is '", mode, "'");
  return static_cast<double>(mode == "fan_in" ? f.in : f.out);
}

double kaiming_std(const Tensor& t, double a, const std::string& mode, const std::string& nonlinearity, std::string_view caller) {
  const double fan = fan_for(t.shape(), mode, caller);
  return fan > 0 ? calculate_gain(nonlinearity, a) / std::sqrt(fan) : 0;
}

double xavier_std(const Tensor& t, double gain, std::string_view caller) {
  const Fans f = fans(t.shape(), caller);
  return f.in + f.out > 0 ? gain * std::sqrt(2.0 / static_cast<double>(f.in + f.out)) : 0;
}

// Computation type of the random numbers: 16-bit floats are too coarse to scale.
DType wide(DType t) { return t == DType::float64 ? t : DType::float32; }

double inverse_erf(double y) {
  double x = 0;
  // Winitzki's guess, then Newton.
  const double ln = std::log1p(-y * y), k = 2 / (std::numbers::pi * 0.147) + ln / 2;
  if (std::abs(y) < 1) x = std::copysign(std::sqrt(std::sqrt(k * k - ln / 0.147) - k), y);
  for (int i = 0; i < 4; ++i) x -= (std::erf(x) - y) / (2 / std::sqrt(std::numbers::pi) * std::exp(-x * x));
  return x;
}

}  // namespace

Fans fans(const Shape& shape, std::string_view caller) {
  ensure(shape.size() >= 2, caller, ": fan in and fan out need a tensor of at least 2 dims, but its shape is ", to_string(shape));
  int64_t field = 1;
  for (int i = 2; i < shape.size(); ++i) field *= shape[i];
  return {shape[1] * field, shape[0] * field};
}

double calculate_gain(const std::string& nonlinearity, std::optional<double> param) {
  if (nonlinearity == "tanh") return 5.0 / 3;
  if (nonlinearity == "relu") return std::sqrt(2.0);
  if (nonlinearity == "selu") return 0.75;
  if (nonlinearity == "leaky_relu") {
    const double slope = param.value_or(0.01);
    return std::sqrt(2 / (1 + slope * slope));
  }
  for (const char* linear : {"linear", "sigmoid", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"}) {
    if (nonlinearity == linear) return 1;
  }
  raise_value("calculate_gain: unknown nonlinearity '", nonlinearity, "'");
}

Tensor uniform(const Shape& shape, double low, double high) {
  if (skip) return filled(shape, cast(Tensor(0.0), modes.default_dtype));
  return rand(shape, modes.default_dtype) * (high - low) + low;
}

Tensor uniform_(Tensor tensor, double a, double b) {
  check_floating(tensor, "uniform_");
  ensure(a <= b, "uniform_: a must not exceed b, but a is ", a, " and b is ", b);
  return fill(tensor, rand(tensor.shape(), wide(tensor.dtype())) * (b - a) + a);
}

Tensor normal_(Tensor tensor, double mean, double std) {
  check_floating(tensor, "normal_");
  ensure(std >= 0, "normal_: std must not be negative, but is ", std);
  return fill(tensor, randn(tensor.shape(), wide(tensor.dtype())) * std + mean);
}

Tensor trunc_normal_(Tensor tensor, double mean, double std, double a, double b) {
  check_floating(tensor, "trunc_normal_");
  ensure(std > 0 && a < b, "trunc_normal_: std must be positive and a below b, but std is ", std, ", a ", a, ", b ", b);
  auto cdf = [](double x) { return (1 + std::erf(x / std::numbers::sqrt2)) / 2; };
  const double low = 2 * cdf((a - mean) / std) - 1, high = 2 * cdf((b - mean) / std) - 1;
  std::vector<double> values = rand(tensor.shape(), DType::float64).to_vector<double>();
  for (double& v : values) {
    v = std::clamp(mean + std * std::numbers::sqrt2 * inverse_erf(low + v * (high - low)), a, b);
  }
  return fill(tensor, Tensor::from_vector(values, tensor.shape()));
}

Tensor constant_(Tensor tensor, double val) { return fill(tensor, filled_like(tensor, val)); }
Tensor ones_(Tensor tensor) { return constant_(std::move(tensor), 1); }
Tensor zeros_(Tensor tensor) { return constant_(std::move(tensor), 0); }

Tensor eye_(Tensor tensor) {
  ensure(tensor.rank() == 2, "eye_: the tensor must have 2 dims, but its shape is ", to_string(tensor.shape()));
  std::vector<double> values(static_cast<size_t>(tensor.numel()), 0);
  for (int64_t i = 0; i < std::min(tensor.size(0), tensor.size(1)); ++i) values[static_cast<size_t>(i * tensor.size(1) + i)] = 1;
  return fill(tensor, Tensor::from_vector(values, tensor.shape()));
}

Tensor xavier_uniform_(Tensor tensor, double gain) {
  const double bound = std::sqrt(3.0) * xavier_std(tensor, gain, "xavier_uniform_");
  return uniform_(std::move(tensor), -bound, bound);
}

Tensor xavier_normal_(Tensor tensor, double gain) {
  const double std = xavier_std(tensor, gain, "xavier_normal_");
  return normal_(std::move(tensor), 0, std);
}

Tensor kaiming_uniform_(Tensor tensor, double a, const std::string& mode, const std::string& nonlinearity) {
  const double bound = std::sqrt(3.0) * kaiming_std(tensor, a, mode, nonlinearity, "kaiming_uniform_");
  return uniform_(std::move(tensor), -bound, bound);
}

Tensor kaiming_normal_(Tensor tensor, double a, const std::string& mode, const std::string& nonlinearity) {
  const double std = kaiming_std(tensor, a, mode, nonlinearity, "kaiming_normal_");
  return normal_(std::move(tensor), 0, std);
}

Tensor orthogonal_(Tensor tensor, double gain) {
  check_floating(tensor, "orthogonal_");
  ensure(tensor.rank() >= 2, "orthogonal_: the tensor must have at least 2 dims, but its shape is ", to_string(tensor.shape()));
  if (tensor.numel() == 0) return tensor;
  const int64_t rows = tensor.size(0), columns = tensor.numel() / rows;
  // Gram-Schmidt, twice for orthogonality to rounding, on the shorter side's vectors.
  const int64_t n = std::min(rows, columns), length = std::max(rows, columns);
  std::vector<double> q = randn({n, length}, DType::float64).to_vector<double>();
  auto row = [&](int64_t i) { return q.data() + i * length; };
  auto dot = [&](const double* x, const double* y) {
    double s = 0;
    for (int64_t k = 0; k < length; ++k) s += x[k] * y[k];
    return s;
  };
  for (int64_t i = 0; i < n; ++i) {
    for (int pass = 0; pass < 2; ++pass) {
      for (int64_t j = 0; j < i; ++j) {
        const double c = dot(row(i), row(j));
        for (int64_t k = 0; k < length; ++k) row(i)[k] -= c * row(j)[k];
      }
    }
    const double norm = std::sqrt(dot(row(i), row(i)));
    for (int64_t k = 0; k < length; ++k) row(i)[k] /= norm;
  }
  std::vector<double> values(q.size());
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      values[static_cast<size_t>(r * columns + c)] = gain * (rows <= columns ? row(r)[c] : row(c)[r]);
    }
  }
  return fill(tensor, Tensor::from_vector(values, tensor.shape()));
}

}  // namespace deepseek::nn::init
