// A user's function on the tape: one node whose gradient rule is the user's.
#include "deepseek/autograd/grad.h"
#include "deepseek/ops/op.h"

namespace deepseek {
namespace {

struct UserFunction {
  std::string name;
  autograd::CustomBackward backward;
};

// Inputs: those of the user's function, then its results, which pass through.
struct CustomFunction : Composite {
  static constexpr OpInfo info{.name = "custom_function"};
  static constexpr Saves saves = Saves::nothing;
  int64_t arguments = 0;
  std::shared_ptr<const UserFunction> function;
  static constexpr auto attrs = std::tuple{&CustomFunction::arguments};  // the backward has no part in what is computed

  void infer(Specs in, std::vector<Spec>& out) const {
    for (size_t i = static_cast<size_t>(arguments); i < in.size(); ++i) out.push_back(*in[i]);
  }
  void expand(const TensorList& in, TensorList& out) const { out.assign(in.begin() + arguments, in.end()); }

  void gradient(Grad& g) const {
    TensorList incoming;
    for (int i = 0; i < g.outputs(); ++i) {
      incoming.push_back(is_floating_point(g.output_spec(i).dtype) ? g.grad(i) : Tensor());
    }
    TensorList result = function->backward(incoming);
    if (static_cast<int64_t>(result.size()) != arguments) {
      raise_value(function->name, ": backward must return one gradient for each of the ", arguments, " inputs, but returned ",
                  result.size());
    }
    for (int i = 0; i < static_cast<int>(arguments); ++i) {
      Tensor& r = result[static_cast<size_t>(i)];
      if (!r.defined()) continue;
      const Shape& shape = g.input_spec(i).shape;
      if (!broadcastable_to(shape, r.shape())) {
        raise_value(function->name, ": backward must return gradients in the shapes of the inputs, but gradient ", i, " is ",
                    to_string(r.shape()), " and the input is ", to_string(shape));
      }
      g.set(i, std::move(r));
    }
  }
};

}  // namespace

namespace autograd {

TensorList custom_function(const std::string& name, const TensorList& inputs, const TensorList& outputs,
                           CustomBackward backward) {
  ensure(!outputs.empty(), name, ": forward returned no tensors");
  TensorList operands = inputs;
  for (size_t i = 0; i < outputs.size(); ++i) {
    ensure(outputs[i].defined(), name, ": output ", i, " of forward is undefined");
    operands.push_back(outputs[i].detach());
  }
  CustomFunction attrs;
  attrs.arguments = static_cast<int64_t>(inputs.size());
  attrs.function = std::make_shared<const UserFunction>(UserFunction{name, std::move(backward)});
  return apply_many(std::move(attrs), operands);
}

}  // namespace autograd
}  // namespace deepseek
