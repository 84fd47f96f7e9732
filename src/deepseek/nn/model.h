// The functional way to build a network: a graph recorded from symbolic inputs to outputs becomes a Module.
//
//   Tensor x = nn::Input({28, 28});
//   Tensor y = (*nn::make<nn::Linear>(10))(flatten(x, 1));
//   auto model = nn::make<nn::Model>(x, y);
#pragma once
#include <memory>

#include "deepseek/nn/symbolic.h"

namespace deepseek::nn {

// Layers become children named after their types in the order of their calls (conv2d, conv2d_1, ...); a layer called several
// times is one child. Forward replays the recorded graph with the batch size of the real inputs.
class Model : public Module {
 public:
  Model(TensorList inputs, TensorList outputs);
  Model(const Tensor& input, const Tensor& output) : Model(TensorList{input}, TensorList{output}) {}
  ~Model() override;

  TensorList forward_many(const TensorList& inputs) override;
  const TensorList& inputs() const { return inputs_; }
  const TensorList& outputs() const { return outputs_; }
  std::string extra_repr() const override;
  // An equal graph whose calls go to other modules: `replacement` gives the stand-in of each child.
  Ref<Model> clone(const std::function<Ref<Module>(Module&)>& replacement) const;

 private:
  struct Step;
  void collect();
  void name_children();
  TensorList run(const Step& step, TensorList in, int64_t batch) const;

  TensorList inputs_, outputs_;
  std::vector<Step> steps_;
  int slots_ = 0;
  std::vector<int> output_slots_;
};

}  // namespace deepseek::nn
