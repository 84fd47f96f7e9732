#include "deepseek/nn/regression_loss.h"

#include "deepseek/nn/loss_support.h"
#include "deepseek/ops.h"

namespace deepseek::nn {

DEEPSEEK_DEFINE_LOSS(MSELoss, ReductionOptions, check_reduction("MSELoss", config.reduction),
                     mse_loss(inputs[0], inputs[1], o.reduction))
DEEPSEEK_DEFINE_LOSS(L1Loss, ReductionOptions, check_reduction("L1Loss", config.reduction),
                     l1_loss(inputs[0], inputs[1], o.reduction))
DEEPSEEK_DEFINE_LOSS(SmoothL1Loss, SmoothL1Options, check_reduction("SmoothL1Loss", config.reduction),
                     smooth_l1_loss(inputs[0], inputs[1], o.reduction, o.beta))
DEEPSEEK_DEFINE_LOSS(HuberLoss, HuberOptions, check_reduction("HuberLoss", config.reduction),
                     huber_loss(inputs[0], inputs[1], o.reduction, o.delta))
DEEPSEEK_DEFINE_LOSS(KLDivLoss, KLDivOptions, check_reduction("KLDivLoss", config.reduction, true),
                     kl_div(inputs[0], inputs[1], o.reduction, o.log_target))
DEEPSEEK_DEFINE_LOSS(BCELoss, WeightedOptions, check_reduction("BCELoss", config.reduction);
                     register_buffer("weight", config.weight.value_or(Tensor())),
                     binary_cross_entropy(inputs[0], inputs[1], buffer_of(*this, "weight"), o.reduction))
DEEPSEEK_DEFINE_LOSS(BCEWithLogitsLoss, BCEWithLogitsOptions, check_reduction("BCEWithLogitsLoss", config.reduction);
                     register_buffer("weight", config.weight.value_or(Tensor()));
                     register_buffer("pos_weight", config.pos_weight.value_or(Tensor())),
                     binary_cross_entropy_with_logits(inputs[0], inputs[1], buffer_of(*this, "weight"), o.reduction,
                                                      buffer_of(*this, "pos_weight")))

}  // namespace deepseek::nn
