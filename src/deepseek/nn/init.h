// Initial values of parameters, in place, with torch's names and formulas. Each returns its tensor.
#pragma once
#include <string>

#include "deepseek/graph/tensor.h"

namespace deepseek::nn::init {

Tensor uniform_(Tensor tensor, double a = 0, double b = 1);
Tensor normal_(Tensor tensor, double mean = 0, double std = 1);
// A normal distribution cut off at a and b.
Tensor trunc_normal_(Tensor tensor, double mean = 0, double std = 1, double a = -2, double b = 2);
Tensor constant_(Tensor tensor, double val);
Tensor ones_(Tensor tensor);
Tensor zeros_(Tensor tensor);
Tensor eye_(Tensor tensor);
Tensor xavier_uniform_(Tensor tensor, double gain = 1);
Tensor xavier_normal_(Tensor tensor, double gain = 1);
Tensor kaiming_uniform_(Tensor tensor, double a = 0, const std::string& mode = "fan_in",
                        const std::string& nonlinearity = "leaky_relu");
Tensor kaiming_normal_(Tensor tensor, double a = 0, const std::string& mode = "fan_in",
                       const std::string& nonlinearity = "leaky_relu");
// Rows (or columns, when there are more rows) orthonormal; dims after the first are flattened.
Tensor orthogonal_(Tensor tensor, double gain = 1);

// The factor that keeps the variance through a nonlinearity; `param` is leaky_relu's slope.
double calculate_gain(const std::string& nonlinearity, std::optional<double> param = {});

struct Fans {
  int64_t in;
  int64_t out;
};
Fans fans(const Shape& shape, std::string_view caller);

// While set, parameters are made of zeros and no random number is drawn: for copies, whose values come next.
inline thread_local bool skip = false;

// Fresh values for a parameter of the default type.
Tensor uniform(const Shape& shape, double low, double high);

}  // namespace deepseek::nn::init
