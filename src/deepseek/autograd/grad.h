// The view that a gradient rule has of its node, and the public autograd functions.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "deepseek/graph/tensor.h"

namespace deepseek {

// Passed to an op's `gradient`. The rule reads inputs, outputs and incoming gradients, and sets one gradient per input.
// Sums over broadcast dims, accumulation and dtype of the result are the walk's business, not the rule's.
class Grad {
 public:
  Grad(const Node& node, const Tensor* incoming, Tensor* result) : node_(node), incoming_(incoming), result_(result) {}

  int inputs() const { return static_cast<int>(node_.inputs().size()); }
  int outputs() const { return static_cast<int>(node_.outputs().size()); }
  Tensor input(int i = 0) const { return Tensor(node_.inputs()[static_cast<size_t>(i)]); }
  Tensor output(int i = 0) const;
  const Spec& input_spec(int i = 0) const { return node_.inputs()[static_cast<size_t>(i)].spec(); }
  const Spec& output_spec(int i = 0) const { return node_.spec(i); }
  // The gradient with respect to output i; zeros when nothing depends on that output.
  Tensor grad(int i = 0) const;
  bool has_grad(int i) const { return incoming_[i].defined(); }
  // Whether input i is on the tape: rules skip work that nobody asked for.
  bool needs(int i) const {
    const Value& v = node_.inputs()[static_cast<size_t>(i)];
    return v.node->requires_grad && is_floating_point(v.spec().dtype);
  }
  void set(int i, Tensor g) { result_[i] = std::move(g); }

 private:
  const Node& node_;
  const Tensor* incoming_;
  Tensor* result_;
};

// Rare facts about a node on the tape. The nodes that an in-place written leaf had over time share one object, so a graph
// recorded before the write still finds the tensor.
struct GradMeta : RefCounted {
  struct Receiver {
    TensorImpl* tensor;  // a leaf, or a tensor after retain_grad(); taken out when the tensor dies
    int output;
  };
  struct Hook {
    int id;
    int output;
    std::function<Tensor(const Tensor&)> call;
  };
  std::vector<Receiver> receivers;
  std::vector<Hook> hooks;

  // Scratch of autograd::grad, as Node::mark.
  uint64_t mark = 0;
  int32_t mark_index = 0;
};
GradMeta& grad_meta(Node&);  // made when there is none

namespace autograd {

// Accumulates into .grad of the leaves that `outputs` depend on (or of `inputs` only, when given).
// Raises if an output is not a scalar and has no gradient, does not require grad, or its tape was already freed.
void backward(const TensorList& outputs, const TensorList& gradients = {}, bool retain_graph = false, bool create_graph = false,
              const TensorList& inputs = {});

// Gradients of sum(outputs * gradients) with respect to `inputs`. With allow_unused an unused input yields an undefined tensor.
TensorList grad(const TensorList& outputs, const TensorList& inputs, const TensorList& gradients = {},
                std::optional<bool> retain_graph = {}, bool create_graph = false, bool allow_unused = false);

void set_detect_anomaly(bool on);

// ---- for TensorImpl ----
// The tape ends at `node`, the value of `tensor`, which receives the gradient.
void make_leaf(TensorImpl& tensor, Node& node);
// An in-place write gave `tensor` another value: a leaf stays one, and what retain_grad asked for follows the tensor.
void rebound(TensorImpl& tensor, const Value& from, const Value& to);
// `tensor` dies or stops to require a gradient.
void forget(const TensorImpl& tensor, Node& node);

// A user's function with its own backward. `forward` outputs are given (computed without recording); `backward` maps output
// gradients to input gradients (undefined where an input gets none).
using CustomBackward = std::function<TensorList(const TensorList& output_gradients)>;
TensorList custom_function(const std::string& name, const TensorList& inputs, const TensorList& outputs, CustomBackward backward);

}  // namespace autograd
}  // namespace deepseek
