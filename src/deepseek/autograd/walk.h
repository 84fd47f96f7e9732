// The walk from outputs back to leaves. Nothing is computed: gradients are recorded nodes.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "deepseek/autograd/grad.h"

namespace deepseek::autograd {

class Walk {
 public:
  Walk(std::string_view caller, bool retain_graph, bool create_graph);
  ~Walk();

  // Restricts the walk to what leads to these tensors; then nobody's .grad changes. Without it all leaves accumulate.
  void restrict_to(const TensorList& targets);

  // Walks. Returns the gradients of the targets, undefined where none arrived; empty when the walk is not restricted.
  TensorList run(const TensorList& outputs, const TensorList& gradients);

 private:
  struct Scratch;
  struct Target {
    Value value;
    int32_t slot = -1;   // where the gradient of an inner value arrives
    int32_t first = -1;  // position of the target that stands for the same leaf
  };

  void check_outputs(const TensorList& outputs, const TensorList& gradients);
  void sort(std::span<const Value> roots);
  void enter(Node& node);
  void finish(Node& node, bool is_target);
  bool leads_to_receiver(const Node& node) const;
  void seed(std::span<const Value> roots, const TensorList& gradients);
  void visit(size_t position, TensorList& captured);
  void run_rule(size_t position);
  void run_hooks(GradMeta& meta, Tensor* gradients);
  void free_tape();
  Tensor detached(Tensor g) const;

  std::string_view caller_;
  bool retain_graph_;
  bool create_graph_;
  bool restricted_ = false;
  uint64_t mark_ = 0;
  uint64_t target_mark_ = 0;
  std::vector<Target> targets_;
  std::unique_ptr<Scratch> scratch_;
};

// Adds g to the .grad of a tensor.
void accumulate(TensorImpl& tensor, const Tensor& g, bool create_graph);

}  // namespace deepseek::autograd
