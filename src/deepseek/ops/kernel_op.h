// What an op with its own kernel sees: specs and layouts while a plan is made, pointers while it runs.
#pragma once
#include <functional>
#include <utility>
#include <vector>

#include "deepseek/tensor/storage.h"

namespace deepseek {

// One input or output of a kernel: what it is and how it lies in memory.
struct Operand {
  Spec spec;
  Strides strides;  // in elements
  bool contiguous() const { return is_contiguous(spec.shape, strides); }
};

// A pointwise operation that a contraction applies to its output while it is still in registers.
struct PostOp {
  enum class Kind : uint8_t { relu, add_operand };
  Kind kind;
  int input = -1;  // add_operand: position among the inputs; has the output's shape and layout
};

// Everything that is known when a kernel is made for a plan.
struct KernelContext {
  std::vector<Operand> inputs;   // set strides to ask for another layout: the scheduler inserts a copy where it differs
  std::vector<Operand> outputs;  // row-major unless changed
  std::vector<PostOp> post_ops;  // what the scheduler folded in; only for ops that declare max_post_ops
  int64_t workspace = 0;         // scratch bytes wanted, 64-byte aligned
  // (output, input) pairs of equal bytes that may share memory.
  std::vector<std::pair<int, int>> may_alias;

  void require_contiguous() {
    for (Operand& o : inputs) o.strides = contiguous_strides(o.spec.shape);
  }
};

struct KernelRun {
  const void* const* inputs;
  void* const* outputs;
  void* workspace;
  // The storage behind an input, so that a packed form can be kept with it (Storage::companion); null for temporaries.
  Storage* const* input_storages;
};
using KernelFn = std::function<void(const KernelRun&)>;

// For the simple form `void cpu(const KernelArgs&) const`: everything row-major.
class KernelArgs {
 public:
  KernelArgs(const KernelContext& context, const KernelRun& run) : context_(context), run_(run) {}
  int inputs() const { return static_cast<int>(context_.inputs.size()); }
  const Spec& in_spec(int i) const { return context_.inputs[static_cast<size_t>(i)].spec; }
  const Spec& out_spec(int i = 0) const { return context_.outputs[static_cast<size_t>(i)].spec; }
  template <class T>
  const T* in(int i) const {
    return static_cast<const T*>(run_.inputs[i]);
  }
  template <class T>
  T* out(int i = 0) const {
    return static_cast<T*>(run_.outputs[i]);
  }

 private:
  const KernelContext& context_;
  const KernelRun& run_;
};

}  // namespace deepseek
