#include "deepseek/nn/class_margin_loss.h"

#include "deepseek/nn/loss_support.h"
#include "deepseek/ops.h"

namespace deepseek::nn {

#define DEEPSEEK_WEIGHT_BUFFER register_buffer("weight", config.weight.value_or(Tensor()))

DEEPSEEK_DEFINE_LOSS(MultiMarginLoss, MultiMarginOptions, check_reduction("MultiMarginLoss", config.reduction);
                     DEEPSEEK_WEIGHT_BUFFER,
                     multi_margin_loss(inputs[0], inputs[1], o.p, o.margin, buffer_of(*this, "weight"), o.reduction))
DEEPSEEK_DEFINE_LOSS(MultiLabelMarginLoss, ReductionOptions, check_reduction("MultiLabelMarginLoss", config.reduction),
                     multilabel_margin_loss(inputs[0], inputs[1], o.reduction))
DEEPSEEK_DEFINE_LOSS(MultiLabelSoftMarginLoss, WeightedLossOptions,
                     check_reduction("MultiLabelSoftMarginLoss", config.reduction);
                     DEEPSEEK_WEIGHT_BUFFER,
                     multilabel_soft_margin_loss(inputs[0], inputs[1], buffer_of(*this, "weight"), o.reduction))
DEEPSEEK_DEFINE_LOSS_OF(CTCLoss, CTCOptions, 4, "log_probs, targets, input_lengths and target_lengths",
                        check_reduction("CTCLoss", config.reduction),
                        ctc_loss(inputs[0], inputs[1], inputs[2], inputs[3], o.blank, o.reduction, o.zero_infinity))

}  // namespace deepseek::nn
