// Symbolic tensors: placeholders with a shape but no value, from which the functional API records a graph.
//
// The open batch size is a number that no real size equals; sizes derived from it are its multiples, and a Model puts the real
// batch size in their place. Calling a module on a symbolic tensor records one call; other ops are recorded as usual.
#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "deepseek/nn/module.h"
#include "deepseek/tensor/open_size.h"

namespace deepseek::nn {

inline constexpr int64_t open_batch = open_size;

// A placeholder of shape (batch, *shape); without batch_size the batch is open.
Tensor Input(const Shape& shape, DType dtype = DType::float32, std::optional<int64_t> batch_size = {});
Tensor probe(const Spec& spec);  // a placeholder of any shape
bool is_symbolic(const Tensor& t);
bool any_symbolic(const TensorList& tensors);

// The spec with `batch` in the place of the open batch.
Spec with_batch(Spec spec, int64_t batch);
// "(None, 3, 32, 32)"
std::string symbolic_shape(const Shape& shape);

// One recorded call of a module.
struct ModuleCall {
  using Run = std::function<TensorList(Module&, const TensorList&)>;
  Ref<Module> module;
  Run run;
  uint64_t order;  // calls are numbered as they are made, which names the layers of a Model
  std::vector<Spec> outputs;
};
// Runs `run` on placeholders to learn the outputs' shapes, then records the call.
TensorList record_call(Module& module, const TensorList& inputs, ModuleCall::Run run);
// The same call on other inputs, by another module of equal effect.
TensorList repeat_call(const ModuleCall& call, Module& module, const TensorList& inputs);
// Lets go of the modules of all recorded calls. For the end of a program: a user's class, its global variables and the modules in
// a recorded call hold each other through the graph, which Python's collector does not see.
void forget_calls();
// Null when the node is not a recorded call.
const ModuleCall* module_call_of(const Node& node);
bool is_placeholder(const Node& node);

}  // namespace deepseek::nn
