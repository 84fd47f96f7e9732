// The optimisers, with torch's formulas and defaults.
#pragma once
#include "deepseek/optim/optimizer.h"

namespace deepseek::optim {

struct SGDOptions {
  double lr = 1e-3, momentum = 0, dampening = 0, weight_decay = 0;
  bool nesterov = false, maximize = false;
};
struct AdamOptions {
  double lr = 1e-3;
  std::pair<double, double> betas = {0.9, 0.999};
  double eps = 1e-8, weight_decay = 0;
  bool amsgrad = false, maximize = false;
};
struct AdamWOptions {
  double lr = 1e-3;
  std::pair<double, double> betas = {0.9, 0.999};
  double eps = 1e-8, weight_decay = 1e-2;
  bool amsgrad = false, maximize = false;
};
struct RMSpropOptions {
  double lr = 1e-2, alpha = 0.99, eps = 1e-8, weight_decay = 0, momentum = 0;
  bool centered = false, maximize = false;
};
struct AdagradOptions {
  double lr = 1e-2, lr_decay = 0, weight_decay = 0, initial_accumulator_value = 0, eps = 1e-10;
  bool maximize = false;
};
struct AdadeltaOptions {
  double lr = 1.0, rho = 0.9, eps = 1e-6, weight_decay = 0;
  bool maximize = false;
};
struct AdamaxOptions {
  double lr = 2e-3;
  std::pair<double, double> betas = {0.9, 0.999};
  double eps = 1e-8, weight_decay = 0;
  bool maximize = false;
};
struct NAdamOptions {
  double lr = 2e-3;
  std::pair<double, double> betas = {0.9, 0.999};
  double eps = 1e-8, weight_decay = 0, momentum_decay = 4e-3;
  bool decoupled_weight_decay = false, maximize = false;
};
struct RAdamOptions {
  double lr = 1e-3;
  std::pair<double, double> betas = {0.9, 0.999};
  double eps = 1e-8, weight_decay = 0;
  bool decoupled_weight_decay = false, maximize = false;
};
struct LionOptions {
  double lr = 1e-4;
  std::pair<double, double> betas = {0.9, 0.99};
  double weight_decay = 0;
  bool maximize = false;
};

// One class per rule; `Name(model.parameters(), {.lr = 0.1})`, or with groups that have options of their own.
#define DEEPSEEK_OPTIMIZER(Name)                                                                            \
  class Name : public Optimizer {                                                                           \
   public:                                                                                                  \
    explicit Name(const TensorList& params, Name##Options options = {}) : Name(one_group(params), options) {} \
    explicit Name(std::vector<ParamGroup> groups, Name##Options options = {});                              \
    std::string name() const override { return #Name; }                                                     \
                                                                                                            \
   protected:                                                                                               \
    Tensor update(const Tensor& p, const Tensor& g, ParamState& s, const Factors& f) override;              \
    void check(const ParamGroup& group) const override;                                                     \
  }
DEEPSEEK_OPTIMIZER(SGD);
DEEPSEEK_OPTIMIZER(Adam);
DEEPSEEK_OPTIMIZER(AdamW);
DEEPSEEK_OPTIMIZER(RMSprop);
DEEPSEEK_OPTIMIZER(Adagrad);
DEEPSEEK_OPTIMIZER(Adadelta);
DEEPSEEK_OPTIMIZER(Adamax);
DEEPSEEK_OPTIMIZER(NAdam);
DEEPSEEK_OPTIMIZER(RAdam);
DEEPSEEK_OPTIMIZER(Lion);
#undef DEEPSEEK_OPTIMIZER

}  // namespace deepseek::optim
