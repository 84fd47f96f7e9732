#include "deepseek/ops/autocast.h"
#include "deepseek/ops/contraction/conv.h"

#include <limits>

#include "deepseek/ops.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/function.h"

namespace deepseek {

Dims per_dim(std::string_view op, std::string_view what, const Dims& given, int spatial, int64_t least) {
  ensure(given.size() == 1 || given.size() == spatial, op, ": ", what, " must be one number or ", spatial, ", but it is ",
         to_string(given));
  const Dims all = given.size() == spatial ? given : Dims::filled(spatial, given[0]);
  constexpr int64_t most = std::numeric_limits<int32_t>::max();  // products of two such numbers do not overflow
  for (int64_t v : all) {
    ensure(v >= least && v <= most, op, ": ", what, " must be from ", least, " to ", most, ", but it is ", to_string(given));
  }
  return all;
}

namespace {

void check_operands(std::string_view op, const Tensor& x, const Tensor& w, const std::optional<Tensor>& bias, int64_t groups,
                    int spatial) {
  ensure(w.rank() == spatial + 2, op, ": weight must have ", spatial + 2, " dims (out, in / groups, kernel...), but it is ",
         to_string(w.shape()));
  ensure(x.rank() == spatial + 2, op, ": input must be (channels, space...) or (batch, channels, space...) with ", spatial,
         " spatial dims, but it is ", to_string(x.shape()));
  const int64_t out = w.shape()[0];
  ensure(groups >= 1 && out % groups == 0, op, ": ", out, " output channels cannot be split into ", groups, " groups (weight ",
         to_string(w.shape()), ")");
  ensure(x.shape()[1] == w.shape()[1] * groups, op, ": input has ", x.shape()[1], " channels, but weight expects ",
         w.shape()[1], " x groups ", groups, " (input ", to_string(x.shape()), ", weight ", to_string(w.shape()), ")");
  check_product_types(op, x, "input", w, "weight");
  if (!bias) return;
  ensure(bias->rank() == 1 && bias->shape()[0] == out, op, ": bias must be (", out, ",) for weight ", to_string(w.shape()),
         ", but it is ", to_string(bias->shape()));
  check_product_types(op, x, "input", *bias, "bias");
}

Tensor convolve(std::string_view op, int spatial, const Tensor& input, const Tensor& w, const std::optional<Tensor>& bias,
                const Dims& stride, const Padding& padding, const Dims& dilation, int64_t groups) {
  const bool single = input.rank() == spatial + 1;
  const Tensor x = single ? unsqueeze(input, 0) : input;
  check_operands(op, x, w, bias, groups, spatial);
  Conv conv;
  conv.groups = groups;
  conv.stride = per_dim(op, "stride", stride, spatial, 1);
  conv.dilation = per_dim(op, "dilation", dilation, spatial, 1);
  Dims back;
  if (padding.mode.empty()) conv.front = back = per_dim(op, "padding", padding.sizes, spatial, 0);
  for (int d = 0; d < spatial; ++d) {
    const int64_t window = (w.shape()[d + 2] - 1) * conv.dilation[d] + 1;
    ensure(w.shape()[d + 2] >= 1, op, ": weight ", to_string(w.shape()), " has no taps");
    if (!padding.mode.empty()) {
      ensure(padding.mode == "same" || padding.mode == "valid", op, ": padding must be numbers, 'same' or 'valid', but it is '",
             padding.mode, "'");
      const int64_t total = padding.mode == "same" ? window - 1 : 0;
      ensure(total == 0 || conv.stride[d] == 1, op, ": padding 'same' needs stride 1, but stride is ", to_string(conv.stride));
      conv.front.push_back(total / 2);
      back.push_back(total - total / 2);
    }
    const int64_t padded = x.shape()[d + 2] + conv.front[d] + back[d];
    ensure(padded >= window, op, ": the kernel reaches over ", window, " pixels, but the padded input has ", padded,
           " along spatial dim ", d, " (input ", to_string(input.shape()), ", weight ", to_string(w.shape()), ")");
    conv.sizes.push_back((padded - window) / conv.stride[d] + 1);
  }
  const Tensor y = bias ? apply(conv, x, w, *bias) : apply(conv, x, w);
  return single ? squeeze(y, {0}) : y;
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, conv1d,
                  (const Tensor& input, const Tensor& weight, std::optional<Tensor> bias DEFAULT(std::nullopt),
                   Dims stride DEFAULT({1}), Padding padding DEFAULT(0), Dims dilation DEFAULT({1}), int64_t groups DEFAULT(1)),
                  "Correlates `input` (batch, channels, length) with `weight` (out, channels / groups, kernel): (batch, out, "
                  "length').\n"
                  "`padding` is numbers, 'same' or 'valid'; the batch dim may be missing.") {
  return convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups);
}
DEEPSEEK_FACTS(conv1d, .in = {"functional"},
               .reference = "references.conv(input, weight, bias, stride, padding, dilation, groups)",
               .good = {"randn(2, 3, 8), randn(4, 3, 3), randn(4)", "randn(3, 8), randn(4, 3, 3)",
                        "randn(2, 4, 9), randn(6, 2, 3), randn(6), stride=2, padding=1, dilation=2, groups=2",
                        "randn(1, 2, 7), randn(2, 2, 4), padding='same'", "randn(0, 3, 8), randn(4, 3, 3), randn(4)"},
               .bad = {"randn(2, 3, 8), randn(4, 2, 3)", "randn(2, 3, 2), randn(4, 3, 3)",
                       "randn(2, 3, 8), randn(4, 3, 3), stride=0"});

DEEPSEEK_FUNCTION(Tensor, conv2d,
                  (const Tensor& input, const Tensor& weight, std::optional<Tensor> bias DEFAULT(std::nullopt),
                   Dims stride DEFAULT({1}), Padding padding DEFAULT(0), Dims dilation DEFAULT({1}), int64_t groups DEFAULT(1)),
                  "Correlates `input` (batch, channels, h, w) with `weight` (out, channels / groups, kh, kw): (batch, out, h', "
                  "w').\n"
                  "`padding` is numbers, 'same' or 'valid'; the batch dim may be missing.") {
  return convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups);
}
DEEPSEEK_FACTS(conv2d, .in = {"functional"},
               .reference = "references.conv(input, weight, bias, stride, padding, dilation, groups)",
               .good = {"randn(2, 3, 6, 5), randn(4, 3, 3, 2), randn(4)", "randn(3, 5, 5), randn(4, 3, 3, 3)",
                        "randn(2, 4, 7, 6), randn(6, 2, 3, 3), randn(6), stride=(2, 1), padding=1, dilation=(1, 2), groups=2",
                        "randn(1, 2, 5, 4), randn(2, 2, 2, 3), padding='same'",
                        "randn(2, 4, 5, 5), randn(4, 1, 3, 3), padding=1, groups=4",
                        "randn(0, 3, 5, 5), randn(4, 3, 3, 3), randn(4)"},
               .bad = {"randn(2, 3, 5, 5), randn(4, 4, 3, 3)", "randn(2, 3, 2, 2), randn(4, 3, 3, 3)",
                       "randn(2, 3, 5, 5), randn(4, 3, 3, 3), randn(3)",
                       "randn(2, 3, 5, 5), randn(4, 3, 3, 3), stride=2, padding='same'",
                       "randn(2, 3, 5, 5), randn(4, 3, 3, 3), padding='full'", "ints(2, 3, 5, 5), randn(4, 3, 3, 3)",
                       "randn(3, 5), randn(4, 3, 3, 3)", "randn(2, 4, 5, 5), randn(3, 2, 3, 3), groups=2"});

DEEPSEEK_FUNCTION(Tensor, conv3d,
                  (const Tensor& input, const Tensor& weight, std::optional<Tensor> bias DEFAULT(std::nullopt),
                   Dims stride DEFAULT({1}), Padding padding DEFAULT(0), Dims dilation DEFAULT({1}), int64_t groups DEFAULT(1)),
                  "Correlates `input` (batch, channels, d, h, w) with `weight` (out, channels / groups, kd, kh, kw): (batch, "
                  "out, d', h', w').\n"
                  "`padding` is numbers, 'same' or 'valid'; the batch dim may be missing.") {
  return convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups);
}
DEEPSEEK_FACTS(conv3d, .in = {"functional"},
               .reference = "references.conv(input, weight, bias, stride, padding, dilation, groups)",
               .good = {"randn(2, 2, 4, 4, 3), randn(3, 2, 2, 3, 2), randn(3)",
                        "randn(1, 2, 5, 4, 4), randn(2, 1, 3, 3, 3), stride=(2, 1, 1), padding=1, groups=2"},
               .bad = {"randn(2, 3, 4, 4, 4), randn(4, 2, 2, 2, 2)", "randn(2, 3, 4, 4), randn(4, 3, 2, 2, 2)"});

namespace {

Tensor convolve_transposed(std::string_view op, int spatial, const Tensor& input, const Tensor& w,
                           const std::optional<Tensor>& bias, const Dims& stride, const Dims& padding,
                           const Dims& output_padding, int64_t groups, const Dims& dilation) {
  ensure(w.rank() == spatial + 2, op, ": weight must have ", spatial + 2, " dims (in, out / groups, kernel...), but it is ",
         to_string(w.shape()));
  const bool single = input.rank() == spatial + 1;
  const Tensor x = single ? unsqueeze(input, 0) : input;
  ensure(x.rank() == spatial + 2, op, ": input must be (channels, space...) or (batch, channels, space...) with ", spatial,
         " spatial dims, but it is ", to_string(input.shape()));
  ensure(x.shape()[1] == w.shape()[0], op, ": input has ", x.shape()[1], " channels, but weight expects ", w.shape()[0],
         " (input ", to_string(x.shape()), ", weight ", to_string(w.shape()), ")");
  ensure(groups >= 1 && w.shape()[0] % groups == 0, op, ": ", w.shape()[0], " input channels cannot be split into ", groups,
         " groups (weight ", to_string(w.shape()), ")");
  check_product_types(op, x, "input", w, "weight");
  const int64_t channels = w.shape()[1] * groups;
  ConvInput conv;
  conv.groups = groups;
  conv.stride = per_dim(op, "stride", stride, spatial, 1);
  conv.dilation = per_dim(op, "dilation", dilation, spatial, 1);
  conv.front = per_dim(op, "padding", padding, spatial, 0);
  const Dims extra = per_dim(op, "output_padding", output_padding, spatial, 0);
  for (int d = 0; d < spatial; ++d) {
    ensure(w.shape()[d + 2] >= 1, op, ": weight ", to_string(w.shape()), " has no taps");
    ensure(x.shape()[d + 2] >= 1, op, ": input ", to_string(x.shape()), " has no pixels");
    ensure(extra[d] < std::max(conv.stride[d], conv.dilation[d]), op, ": output_padding ", to_string(extra),
           " must be smaller than stride ", to_string(conv.stride), " or dilation ", to_string(conv.dilation));
    const int64_t size = (x.shape()[d + 2] - 1) * conv.stride[d] - 2 * conv.front[d] +
        (w.shape()[d + 2] - 1) * conv.dilation[d] + extra[d] + 1;
    ensure(size >= 1, op, ": the output would have ", size, " pixels along spatial dim ", d, " (input ", to_string(x.shape()),
           ", weight ", to_string(w.shape()), ", padding ", to_string(conv.front), ")");
    conv.sizes.push_back(size);
  }
  Tensor y = apply(conv, x, w);
  if (bias) {
    ensure(bias->rank() == 1 && bias->shape()[0] == channels, op, ": bias must be (", channels, ",) for weight ",
           to_string(w.shape()), ", but it is ", to_string(bias->shape()));
    check_product_types(op, x, "input", *bias, "bias");
    Shape column = Dims::filled(spatial + 1, 1);
    column[0] = channels;
    y = y + reshape(autocast_lower(*bias), column);
  }
  return single ? squeeze(y, {0}) : y;
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, conv_transpose1d,
                  (const Tensor& input, const Tensor& weight, std::optional<Tensor> bias DEFAULT(std::nullopt),
                   Dims stride DEFAULT({1}), Dims padding DEFAULT({0}), Dims output_padding DEFAULT({0}),
                   int64_t groups DEFAULT(1), Dims dilation DEFAULT({1})),
                  "The transpose of conv1d: `input` (batch, channels, length), `weight` (channels, out / groups, kernel): "
                  "(batch, out, length').") {
  return convolve_transposed("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation);
}
DEEPSEEK_FACTS(conv_transpose1d, .in = {"functional"},
               .reference = "references.conv_transpose(input, weight, bias, stride, padding, output_padding, groups, dilation)",
               .good = {"randn(2, 3, 5), randn(3, 4, 3), randn(4)",
                        "randn(2, 4, 5), randn(4, 3, 3), randn(6), stride=2, padding=1, output_padding=1, groups=2, "
                        "dilation=2"},
               .bad = {"randn(2, 3, 5), randn(4, 3, 3)", "randn(2, 3, 5), randn(3, 4, 3), output_padding=1"});

DEEPSEEK_FUNCTION(Tensor, conv_transpose2d,
                  (const Tensor& input, const Tensor& weight, std::optional<Tensor> bias DEFAULT(std::nullopt),
                   Dims stride DEFAULT({1}), Dims padding DEFAULT({0}), Dims output_padding DEFAULT({0}),
                   int64_t groups DEFAULT(1), Dims dilation DEFAULT({1})),
                  "The transpose of conv2d: `input` (batch, channels, h, w), `weight` (channels, out / groups, kh, kw): "
                  "(batch, out, h', w').") {
  return convolve_transposed("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation);
}
DEEPSEEK_FACTS(conv_transpose2d, .in = {"functional"},
               .reference = "references.conv_transpose(input, weight, bias, stride, padding, output_padding, groups, dilation)",
               .good = {"randn(2, 3, 4, 5), randn(3, 4, 3, 2), randn(4)", "randn(3, 4, 4), randn(3, 2, 2, 2), stride=2",
                        "randn(1, 4, 3, 4), randn(4, 3, 3, 3), randn(6), stride=(2, 3), padding=1, output_padding=(1, 2), "
                        "groups=2", "randn(0, 3, 4, 4), randn(3, 2, 2, 2)"},
               .bad = {"randn(2, 3, 4, 4), randn(4, 3, 3, 3)", "randn(2, 3, 4, 4), randn(3, 4, 3, 3), randn(3)",
                       "randn(1, 3, 1, 1), randn(3, 4, 1, 1), padding=1"});

DEEPSEEK_FUNCTION(Tensor, conv_transpose3d,
                  (const Tensor& input, const Tensor& weight, std::optional<Tensor> bias DEFAULT(std::nullopt),
                   Dims stride DEFAULT({1}), Dims padding DEFAULT({0}), Dims output_padding DEFAULT({0}),
                   int64_t groups DEFAULT(1), Dims dilation DEFAULT({1})),
                  "The transpose of conv3d: `input` (batch, channels, d, h, w), `weight` (channels, out / groups, kd, kh, kw): "
                  "(batch, out, d', h', w').") {
  return convolve_transposed("conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation);
}
DEEPSEEK_FACTS(conv_transpose3d, .in = {"functional"},
               .reference = "references.conv_transpose(input, weight, bias, stride, padding, output_padding, groups, dilation)",
               .good = {"randn(1, 2, 3, 3, 2), randn(2, 3, 2, 2, 2), randn(3), stride=2, padding=1, output_padding=1"},
               .bad = {"randn(1, 2, 3, 3, 3), randn(3, 2, 2, 2, 2)"});

}  // namespace deepseek
