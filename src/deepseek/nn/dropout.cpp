#include "deepseek/nn/dropout.h"

#include "deepseek/ops.h"

namespace deepseek::nn {
namespace {

void check(std::string_view name, double p) { ensure(p >= 0 && p <= 1, name, ": p must lie in [0, 1], but is ", p); }

}  // namespace

Dropout::Dropout(DropoutOptions o) : Layer(o) { check("Dropout", config.p); }
Dropout1d::Dropout1d(DropoutOptions o) : Layer(o) { check("Dropout1d", config.p); }
Dropout2d::Dropout2d(DropoutOptions o) : Layer(o) { check("Dropout2d", config.p); }
AlphaDropout::AlphaDropout(DropoutOptions o) : Layer(o) { check("AlphaDropout", config.p); }
FeatureAlphaDropout::FeatureAlphaDropout(DropoutOptions o) : Layer(o) { check("FeatureAlphaDropout", config.p); }
Dropout3d::Dropout3d(DropoutOptions o) : Layer(o) { check("Dropout3d", config.p); }

// A probe for shapes must not draw random numbers.
#define DEEPSEEK_DROP(function) training && config.p > 0 && !modes.shape_only ? function(x, config.p, true) : x
Tensor Dropout::forward(const Tensor& x) { return DEEPSEEK_DROP(dropout); }
Tensor Dropout1d::forward(const Tensor& x) { return DEEPSEEK_DROP(dropout1d); }
Tensor Dropout2d::forward(const Tensor& x) { return DEEPSEEK_DROP(dropout2d); }
Tensor Dropout3d::forward(const Tensor& x) { return DEEPSEEK_DROP(dropout3d); }
Tensor AlphaDropout::forward(const Tensor& x) { return DEEPSEEK_DROP(alpha_dropout); }
Tensor FeatureAlphaDropout::forward(const Tensor& x) { return DEEPSEEK_DROP(feature_alpha_dropout); }

}  // namespace deepseek::nn
