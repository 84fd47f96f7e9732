// Tensors and comparisons that tests of ops share.
#pragma once
#include <cmath>
#include <random>
#include <vector>

#include "deepseek/autograd/grad.h"
#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"

namespace deepseek::test {

template <class T>
Tensor normal(const Shape& shape, unsigned seed, double mean = 0) {
  std::mt19937 random(seed);
  std::normal_distribution<double> distribution(mean, 1);
  std::vector<T> values(static_cast<size_t>(shape.numel()));
  for (T& v : values) v = static_cast<T>(distribution(random));
  return Tensor::from_vector(values, shape);
}

// Largest difference, relative to the largest element; infinite where a shape or a NaN differs.
inline double difference(const Tensor& a, const Tensor& b) {
  if (!(a.shape() == b.shape())) return INFINITY;
  const std::vector<double> x = to(a, DType::float64).to_vector<double>(), y = to(b, DType::float64).to_vector<double>();
  double worst = 0, largest = 1;
  for (size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i]) != std::isnan(y[i])) return INFINITY;
    if (!std::isnan(x[i]) && x[i] != y[i]) worst = std::max(worst, std::abs(x[i] - y[i]));
    if (std::isfinite(y[i])) largest = std::max(largest, std::abs(y[i]));
  }
  return worst / largest;
}

// The same values in a memory order of dims that is turned round.
inline Tensor turned_round(const Tensor& t) {
  Dims back;
  for (int d = t.rank() - 1; d >= 0; --d) back.push_back(d);
  const Tensor stored = contiguous(permute(t, back));
  stored.eval();
  return permute(stored, back);
}

}  // namespace deepseek::test
