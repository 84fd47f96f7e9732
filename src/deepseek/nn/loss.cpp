#include "deepseek/nn/loss.h"

#include "deepseek/nn/loss_support.h"
#include "deepseek/ops.h"

namespace deepseek::nn {

void check_loss_inputs(const Module& layer, const TensorList& inputs, size_t count, std::string_view names) {
  if (inputs.size() != count) {
    raise_type(layer.type_name(), ": forward takes ", names, ", but ", inputs.size(), " tensors are given");
  }
}

std::optional<Tensor> buffer_of(const Module& layer, const char* name) {
  const Tensor& t = layer.buffer(name);
  return t.defined() ? std::optional(t) : std::nullopt;
}

void check_reduction(std::string_view layer, const std::string& reduction, bool batchmean) {
  ensure(reduction == "mean" || reduction == "sum" || reduction == "none" || (batchmean && reduction == "batchmean"), layer,
         ": reduction must be 'mean', 'sum'", batchmean ? ", 'batchmean'" : "", " or 'none', but is '", reduction, "'");
}

DEEPSEEK_DEFINE_LOSS(NLLLoss, NLLOptions, check_reduction("NLLLoss", config.reduction);
                     register_buffer("weight", config.weight.value_or(Tensor())),
                     nll_loss(inputs[0], inputs[1], buffer_of(*this, "weight"), o.ignore_index, o.reduction))
DEEPSEEK_DEFINE_LOSS(CrossEntropyLoss, CrossEntropyOptions, check_reduction("CrossEntropyLoss", config.reduction);
                     register_buffer("weight", config.weight.value_or(Tensor())),
                     cross_entropy(inputs[0], inputs[1], buffer_of(*this, "weight"), o.ignore_index, o.reduction, o.label_smoothing))

}  // namespace deepseek::nn
