#include "deepseek/nn/margin_loss.h"

#include "deepseek/nn/loss_support.h"
#include "deepseek/ops.h"

namespace deepseek::nn {

DEEPSEEK_DEFINE_LOSS(SoftMarginLoss, ReductionOptions, check_reduction("SoftMarginLoss", config.reduction),
                     soft_margin_loss(inputs[0], inputs[1], o.reduction))
DEEPSEEK_DEFINE_LOSS(HingeEmbeddingLoss, HingeEmbeddingOptions, check_reduction("HingeEmbeddingLoss", config.reduction),
                     hinge_embedding_loss(inputs[0], inputs[1], o.margin, o.reduction))
DEEPSEEK_DEFINE_LOSS_OF_THREE(MarginRankingLoss, MarginOptions, "input1, input2 and target",
                              check_reduction("MarginRankingLoss", config.reduction),
                              margin_ranking_loss(inputs[0], inputs[1], inputs[2], o.margin, o.reduction))
DEEPSEEK_DEFINE_LOSS_OF_THREE(CosineEmbeddingLoss, MarginOptions, "input1, input2 and target",
                              check_reduction("CosineEmbeddingLoss", config.reduction),
                              cosine_embedding_loss(inputs[0], inputs[1], inputs[2], o.margin, o.reduction))
DEEPSEEK_DEFINE_LOSS_OF_THREE(TripletMarginLoss, TripletMarginOptions, "anchor, positive and negative",
                              check_reduction("TripletMarginLoss", config.reduction),
                              triplet_margin_loss(inputs[0], inputs[1], inputs[2], o.margin, o.p, o.eps, o.swap, o.reduction))
DEEPSEEK_DEFINE_LOSS(PoissonNLLLoss, PoissonNLLOptions, check_reduction("PoissonNLLLoss", config.reduction),
                     poisson_nll_loss(inputs[0], inputs[1], o.log_input, o.full, o.eps, o.reduction))
DEEPSEEK_DEFINE_LOSS_OF_THREE(GaussianNLLLoss, GaussianNLLOptions, "input, target and var",
                              check_reduction("GaussianNLLLoss", config.reduction),
                              gaussian_nll_loss(inputs[0], inputs[1], inputs[2], o.full, o.eps, o.reduction))

}  // namespace deepseek::nn
