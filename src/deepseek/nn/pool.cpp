#include "deepseek/nn/pool.h"

#include "deepseek/ops.h"

namespace deepseek::nn {
namespace {

template <int N>
void check_window(MaxPoolOptions& o, const std::string& name) {
  ensure(!o.kernel_size.empty(), name, ": kernel_size must be given");
  o.kernel_size = spread(o.kernel_size, N, name, "kernel_size");
  o.stride = o.stride.empty() ? o.kernel_size : Sizes(spread(o.stride, N, name, "stride"));
  o.padding = spread(o.padding, N, name, "padding", 0);
  o.dilation = spread(o.dilation, N, name, "dilation");
}
template <int N>
void check_window(AvgPoolOptions& o, const std::string& name) {
  ensure(!o.kernel_size.empty(), name, ": kernel_size must be given");
  o.kernel_size = spread(o.kernel_size, N, name, "kernel_size");
  o.stride = o.stride.empty() ? o.kernel_size : Sizes(spread(o.stride, N, name, "stride"));
  o.padding = spread(o.padding, N, name, "padding", 0);
}
template <int N>
void check_window(OutputSizeOptions& o, const std::string& name) {
  ensure(!o.output_size.empty(), name, ": output_size must be given");
  o.output_size = spread(o.output_size, N, name, "output_size", -1);
}

const Tensor& one(const Module& layer, const TensorList& inputs) {
  if (inputs.size() != 1) raise_type(layer.type_name(), ": forward takes one tensor, but ", inputs.size(), " are given");
  return inputs[0];
}

TensorList listed(Result r) {
  if (auto* many = std::get_if<TensorList>(&r)) return std::move(*many);
  return {std::get<Tensor>(std::move(r))};
}

}  // namespace

template <int N>
void MaxPoolNd<N>::check() {
  check_window<N>(config, concat("MaxPool", N, "d"));
}

template <int N>
TensorList MaxPoolNd<N>::forward_many(const TensorList& inputs) {
  const Tensor& x = one(*this, inputs);
  const auto& o = config;
  if constexpr (N == 1) return listed(max_pool1d(x, o.kernel_size.dims, o.stride.dims, o.padding.dims, o.dilation.dims, o.ceil_mode, o.return_indices));
  else if constexpr (N == 2) return listed(max_pool2d(x, o.kernel_size.dims, o.stride.dims, o.padding.dims, o.dilation.dims, o.ceil_mode, o.return_indices));
  else return listed(max_pool3d(x, o.kernel_size.dims, o.stride.dims, o.padding.dims, o.dilation.dims, o.ceil_mode, o.return_indices));
}
template class MaxPoolNd<1>;
template class MaxPoolNd<2>;
template class MaxPoolNd<3>;

template <int N>
void AvgPoolNd<N>::check() {
  check_window<N>(config, concat("AvgPool", N, "d"));
}

template <int N>
TensorList AvgPoolNd<N>::forward_many(const TensorList& inputs) {
  const Tensor& x = one(*this, inputs);
  const auto& o = config;
  if constexpr (N == 1) return TensorList{avg_pool1d(x, o.kernel_size.dims, o.stride.dims, o.padding.dims, o.ceil_mode, o.count_include_pad)};
  else if constexpr (N == 2) return TensorList{avg_pool2d(x, o.kernel_size.dims, o.stride.dims, o.padding.dims, o.ceil_mode, o.count_include_pad)};
  else return TensorList{avg_pool3d(x, o.kernel_size.dims, o.stride.dims, o.padding.dims, o.ceil_mode, o.count_include_pad)};
}
template class AvgPoolNd<1>;
template class AvgPoolNd<2>;
template class AvgPoolNd<3>;

template <int N>
void AdaptiveAvgPoolNd<N>::check() {
  check_window<N>(config, concat("AdaptiveAvgPool", N, "d"));
}

template <int N>
TensorList AdaptiveAvgPoolNd<N>::forward_many(const TensorList& inputs) {
  const Tensor& x = one(*this, inputs);
  const auto& o = config;
  if constexpr (N == 1) return TensorList{adaptive_avg_pool1d(x, o.output_size.dims)};
  else if constexpr (N == 2) return TensorList{adaptive_avg_pool2d(x, o.output_size.dims)};
  else return TensorList{adaptive_avg_pool3d(x, o.output_size.dims)};
}
template class AdaptiveAvgPoolNd<1>;
template class AdaptiveAvgPoolNd<2>;
template class AdaptiveAvgPoolNd<3>;

template <int N>
void AdaptiveMaxPoolNd<N>::check() {
  check_window<N>(config, concat("AdaptiveMaxPool", N, "d"));
}

template <int N>
TensorList AdaptiveMaxPoolNd<N>::forward_many(const TensorList& inputs) {
  const Tensor& x = one(*this, inputs);
  const auto& o = config;
  if constexpr (N == 1) return listed(adaptive_max_pool1d(x, o.output_size.dims));
  else if constexpr (N == 2) return listed(adaptive_max_pool2d(x, o.output_size.dims));
  else return listed(adaptive_max_pool3d(x, o.output_size.dims));
}
template class AdaptiveMaxPoolNd<1>;
template class AdaptiveMaxPoolNd<2>;
template class AdaptiveMaxPoolNd<3>;

}  // namespace deepseek::nn
