#include "deepseek/ops.h"
#include "deepseek/ops/contraction/conv.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/index/check.h"

namespace deepseek {
namespace {

Tensor max_unpool(std::string_view op, int spatial, const Tensor& input, const Tensor& indices, const Dims& kernel_size,
                  const std::optional<Dims>& stride, const Dims& padding, const std::optional<Dims>& output_size) {
  ensure(input.rank() == spatial + 1 || input.rank() == spatial + 2, op, ": input must have ", spatial + 1, " or ",
         spatial + 2, " dims, but is ", to_string(input.shape()));
  ensure(indices.shape() == input.shape(), op, ": indices must have the shape of input ", to_string(input.shape()),
         ", but are ", to_string(indices.shape()));
  const Dims kernel = per_dim(op, "kernel_size", kernel_size, spatial, 1),
             pad = per_dim(op, "padding", padding, spatial, 0);
  const Dims step = stride && !stride->empty() ? per_dim(op, "stride", *stride, spatial, 1) : kernel;
  const int first = input.rank() - spatial;
  Shape out = input.shape();
  for (int d = 0; d < spatial; ++d) out[first + d] = (input.size(first + d) - 1) * step[d] + kernel[d] - 2 * pad[d];
  if (output_size && !output_size->empty()) {
    const int given = output_size->size();
    ensure(given == spatial || given == spatial + 2 || given == input.rank(), op, ": output_size must have ", spatial,
           " sizes, but is ", to_string(*output_size));
    for (int d = 0; d < spatial; ++d) {
      const int64_t wanted = (*output_size)[given - spatial + d], usual = out[first + d];
      ensure(wanted > usual - step[d] && wanted < usual + step[d], op, ": output_size ", to_string(*output_size),
             " must lie within the stride ", step[d], " of ", usual, " along spatial dim ", d);
      out[first + d] = wanted;
    }
  }
  int64_t images = 1, pixels = 1, from = 1;
  for (int d = 0; d < input.rank(); ++d) {
    (d < first ? images : pixels) *= out[d];
    if (d >= first) from *= input.size(d);
  }
  ensure(pixels > 0, op, ": input ", to_string(input.shape()), " gives images without pixels");
  const Tensor zeros = filled({images, pixels}, Tensor(scalar_value(0.0, input.dtype())));
  return reshape(
      scatter(zeros, 1, reshape(index_tensor(indices, op, "indices"), {images, from}), reshape(input, {images, from})),
      out);
}

}  // namespace

DEEPSEEK_FUNCTION(
    Tensor, max_unpool1d,
    (const Tensor& input, const Tensor& indices, Dims kernel_size, std::optional<Dims> stride DEFAULT(std::nullopt),
     Dims padding DEFAULT({0}), std::optional<Dims> output_size DEFAULT(std::nullopt)),
    "Puts each element of `input` (batch, channels, length) at the place in its image that max_pool1d with "
    "`return_indices` gave; zeros elsewhere.") {
  return max_unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size);
}
DEEPSEEK_FACTS(max_unpool1d, .in = {"functional"},
               .reference = "references.max_unpool(input, indices, 1, kernel_size, stride, padding, output_size)",
               .good = {"randn(1, 2, 3), numpy.array([[[0, 3, 4], [1, 2, 5]]]), 2",
                        "randn(2, 2), numpy.array([[0, 3], [1, 4]]), 3, 2, output_size=(6,)"},
               .bad = {"randn(1, 2, 3), numpy.array([[[0, 3, 4]]]), 2", "randn(1, 1, 3), numpy.array([[[0, 3, 9]]]), 2",
                       "randn(1, 1, 3), numpy.array([[[0, 3, 4]]]), 2, output_size=(9,)"});

DEEPSEEK_FUNCTION(Tensor, max_unpool2d,
                  (const Tensor& input, const Tensor& indices, Dims kernel_size,
                   std::optional<Dims> stride DEFAULT(std::nullopt), Dims padding DEFAULT({0}),
                   std::optional<Dims> output_size DEFAULT(std::nullopt)),
                  "Puts each element of `input` (batch, channels, h, w) at the place in its image that max_pool2d with "
                  "`return_indices` gave; zeros elsewhere.") {
  return max_unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size);
}
DEEPSEEK_FACTS(max_unpool2d, .in = {"functional"},
               .reference = "references.max_unpool(input, indices, 2, kernel_size, stride, padding, output_size)",
               .good = {"randn(1, 1, 2, 2), numpy.array([[[[0, 2], [9, 15]]]]), 2",
                        "randn(1, 2, 1), numpy.array([[[0], [7]]]), 2, padding=(0, 0), output_size=(1, 5, 3)"},
               .bad = {"randn(1, 1, 2, 2), numpy.array([[[[0, 2], [9, 16]]]]), 2"});

DEEPSEEK_FUNCTION(
    Tensor, max_unpool3d,
    (const Tensor& input, const Tensor& indices, Dims kernel_size, std::optional<Dims> stride DEFAULT(std::nullopt),
     Dims padding DEFAULT({0}), std::optional<Dims> output_size DEFAULT(std::nullopt)),
    "Puts each element of `input` (batch, channels, d, h, w) at the place in its image that max_pool3d with "
    "`return_indices` gave; zeros elsewhere.") {
  return max_unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size);
}
DEEPSEEK_FACTS(max_unpool3d, .in = {"functional"},
               .reference = "references.max_unpool(input, indices, 3, kernel_size, stride, padding, output_size)",
               .good = {"randn(1, 1, 1, 2, 1), numpy.array([[[[[3], [12]]]]]), 2"},
               .bad = {"randn(1, 1, 1, 2, 1), numpy.array([[[[[3], [16]]]]]), 2"});

}  // namespace deepseek
