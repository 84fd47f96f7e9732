#include "deepseek/ops/norm/standardize.h"

#include "deepseek/ops.h"
#include "deepseek/ops/norm/wide.h"

namespace deepseek {
namespace {

Shape without(const Shape& shape, const Dims& dims) {
  Shape kept;
  for (int d = 0; d < shape.size(); ++d) {
    if (std::find(dims.begin(), dims.end(), d) == dims.end()) kept.push_back(shape[d]);
  }
  return kept;
}

}  // namespace

bool StandardizeBase::per_channel(const Shape& x, bool weight) const {
  const bool rows = dims.size() > 0 && dims[0] == x.size() - dims.size();
  return centre && !rows && (!weight || (channel_dim >= 0 && std::find(dims.begin(), dims.end(), channel_dim) == dims.end()));
}

Tensor StandardizeBase::column(const Tensor& parameter, int rank) const {
  if (channel_dim < 0) return parameter;
  Shape shape = Dims::filled(rank, 1);
  shape[channel_dim] = parameter.numel();
  return reshape(parameter, shape);
}

Tensor StandardizeBase::keep(const Tensor& statistic, const Shape& x) const {
  Shape shape = x;
  for (int64_t d : dims) shape[static_cast<int>(d)] = 1;
  return reshape(statistic, shape);
}

double StandardizeBase::count(const Shape& x) const {
  double n = 1;
  for (int64_t d : dims) n *= static_cast<double>(x[static_cast<int>(d)]);
  return n;
}

Tensor StandardizeBase::parameter_sum(const Tensor& g, const Spec& parameter) const {
  if (g.numel() == parameter.numel()) return cast(reshape(g, parameter.shape), parameter.dtype);
  if (channel_dim < 0) return cast(sum_to(g, parameter.shape), parameter.dtype);
  Dims rest;
  for (int d = 0; d < g.rank(); ++d) {
    if (d != channel_dim) rest.push_back(d);
  }
  return cast(sum_over(g, rest, false), parameter.dtype);
}

void Standardize::infer(Specs in, std::vector<Spec>& out) const {
  const Spec& x = *in[0];
  const Spec statistic{wide(x.dtype), without(x.shape, dims)};
  out = {x, statistic, statistic};
}

// Two passes: squares of deviations keep their digits however large the mean is.
void Standardize::expand(const TensorList& in, TensorList& out) const {
  const Tensor x = wide(in[0]);
  const Shape kept = without(x.shape(), dims);
  if (x.numel() == 0) {
    const Tensor none = filled(kept, Tensor(scalar_value(0.0, x.dtype())));
    out = {copy_of(in[0]), none, none};
    return;
  }
  const double scale = 1 / count(x.shape());
  const Tensor mean = centre ? sum_over(x, dims) * scale : Tensor();
  const Tensor d = centre ? x - mean : x;
  const Tensor variance = sum_over(d * d, dims) * scale;
  Tensor slope = rsqrt(variance + eps), y;
  if (per_channel(x.shape(), in.size() > 1)) {
    if (in.size() > 1) slope = slope * wide(column(in[1], x.rank()));
    const Tensor shift = in.size() > 2 ? wide(column(in[2], x.rank())) - mean * slope : -(mean * slope);
    y = x * slope + shift;
  } else {
    y = d * slope;
    if (in.size() > 1) y = y * wide(column(in[1], x.rank()));
    if (in.size() > 2) y = y + wide(column(in[2], x.rank()));
  }
  out = {cast(y, in[0].dtype()), centre ? reshape(mean, kept) : filled(kept, Tensor(scalar_value(0.0, x.dtype()))),
         reshape(variance, kept)};
}

void Standardize::gradient(Grad& g) const {
  const bool through_statistics = g.has_grad(1) || g.has_grad(2);
  if (g.has_grad(0)) {
    StandardizeBackward back;
    static_cast<StandardizeBase&>(back) = *this;
    TensorList in{g.grad(0), g.input(0), g.output(1), g.output(2)};
    if (g.inputs() > 1) in.push_back(g.input(1));
    for (int i = 0; i < g.inputs(); ++i) {
      if (!g.needs(i)) continue;
      back.part = i;
      const Tensor part = apply_list(back, in);
      g.set(i, i == 0 && through_statistics ? part + statistics_gradient(g) : part);
    }
  } else if (through_statistics) {
    g.set(0, statistics_gradient(g));
  }
}

// What arrives through the mean and the variance themselves.
Tensor Standardize::statistics_gradient(const Grad& g) const {
  const Tensor x = g.input(0);
  const double scale = 1 / count(x.shape());
  Tensor sum;
  if (g.has_grad(1)) sum = deepseek::expand(keep(g.grad(1), x.shape()) * scale, x.shape());
  if (g.has_grad(2)) {
    const Tensor d = centre ? wide(x) - keep(g.output(1), x.shape()) : wide(x);
    const Tensor part = d * keep(g.grad(2), x.shape()) * (2 * scale);
    sum = sum.defined() ? sum + part : part;
  }
  return sum;
}

Spec StandardizeBackward::infer(Specs in) const { return part == of_input ? *in[1] : *in[4]; }

void StandardizeBackward::expand(const TensorList& in, TensorList& out) const {
  const Tensor up = wide(in[0]), x = wide(in[1]);
  if (x.numel() == 0) {
    out.push_back(part == of_input ? copy_of(in[1]) : filled_like(in[4], 0));
    return;
  }
  const Spec parameter = in.size() > 4 ? in[4].spec() : Spec();
  const Tensor slope = rsqrt(keep(in[3], x.shape()) + eps);
  const double scale = 1 / count(x.shape());
  if (per_channel(x.shape(), in.size() > 4)) {
    const Tensor mean = keep(in[2], x.shape());
    const Tensor sum_g = sum_over(up, dims), sum_gy = sum_over(up * (x - mean), dims) * slope;
    if (part != of_input) {
      out.push_back(parameter_sum(part == of_weight ? sum_gy : sum_g, parameter));
      return;
    }
    const Tensor of_up = in.size() > 4 ? slope * wide(column(in[4], x.rank())) : slope;
    const Tensor of_x = -(slope * sum_gy * scale), shift = -(sum_g * scale + mean * of_x);
    out.push_back(cast((x * of_x + shift + up) * of_up, in[1].dtype()));
    return;
  }
  const Tensor y = (centre ? x - keep(in[2], x.shape()) : x) * slope;
  if (part != of_input) {
    out.push_back(parameter_sum(part == of_weight ? up * y : up, parameter));
    return;
  }
  const Tensor h = in.size() > 4 ? up * wide(column(in[4], x.rank())) : up;
  Tensor inner = h - y * (sum_over(h * y, dims) * scale);
  if (centre) inner = inner - sum_over(h, dims) * scale;
  out.push_back(cast(inner * slope, in[1].dtype()));
}

void StandardizeBackward::gradient(Grad& g) const {
  const Tensor up = wide(g.input(0)), x = wide(g.input(1));
  const bool weight = g.inputs() > 4;
  const Tensor w = weight ? wide(column(g.input(4), x.rank())) : Tensor();
  const Tensor slope = rsqrt(keep(g.input(3), x.shape()) + eps), y = (centre ? x - keep(g.input(2), x.shape()) : x) * slope;
  const double scale = 1 / count(x.shape());
  const auto mean_of = [&](const Tensor& t) { return sum_over(t, dims) * scale; };
  const auto pulled_back = [&](const Tensor& q) {
    const Tensor inner = q - y * mean_of(q * y);
    return slope * (centre ? inner - mean_of(q) : inner);
  };
  Tensor of_up, of_y;  // gradients of `up`, and of y before it is pulled back to x
  const auto add = [](Tensor& sum, const Tensor& part) { sum = sum.defined() ? sum + part : part; };
  if (part == of_weight) {
    const Tensor v = wide(column(g.grad(), x.rank()));
    add(of_up, v * y);
    add(of_y, v * up);
  }
  if (part == of_bias) add(of_up, deepseek::expand(wide(column(g.grad(), x.rank())), x.shape()));
  Tensor of_x;
  if (part == of_input) {
    const Tensor u = wide(g.grad()), back = pulled_back(u), h = weight ? up * w : up;
    add(of_up, weight ? back * w : back);
    if (weight) g.set(4, parameter_sum(back * up, g.input_spec(4)));
    add(of_y, -(slope * (u * mean_of(h * y) + h * mean_of(u * y))));
    of_x = -(slope * y * mean_of(u * pulled_back(h)));
  }
  if (of_y.defined()) add(of_x, pulled_back(of_y));
  if (of_up.defined()) g.set(0, of_up);
  if (of_x.defined()) g.set(1, of_x);  // mean and variance are functions of x, counted here
}

TensorList standardize(const Standardize& op, const Tensor& x, const std::optional<Tensor>& weight,
                       const std::optional<Tensor>& bias) {
  TensorList in{x};
  if (weight) in.push_back(*weight);
  if (weight && bias) in.push_back(*bias);
  TensorList out = apply_many(op, in);
  if (bias && !weight) {
    Tensor b = *bias;
    if (op.channel_dim >= 0) {
      Shape shape = Dims::filled(x.rank(), 1);
      shape[op.channel_dim] = b.numel();
      b = reshape(b, shape);
    }
    out[0] = out[0] + cast(b, x.dtype());
  }
  return out;
}

}  // namespace deepseek
