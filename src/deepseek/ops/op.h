// The op contract. An op is one struct that states everything about itself; op_of<S>() turns it into the table that the graph,
// autograd, scheduler and documentation read.
//
//   struct Exp : Pointwise {                                 // kind of lowering: Pointwise, ViewOp, Composite, KernelOp, ...
//     static constexpr OpInfo info{.name = "exp"};
//     using Lanes = fused::Floating;                         // Pointwise: lane types it exists for
//     template <class T> static T lane(T x) { return fused::exp(x); }
//     void gradient(Grad& g) const { g.set(0, g.grad() * g.output()); }
//   };
//
// Members by kind:
//   every op     static constexpr OpInfo info
//                void gradient(Grad&) const      or      static constexpr NotDifferentiable gradient{"reason"}
//                attributes: plain data members + `static constexpr auto attrs = std::tuple{&S::dim, ...}` naming all of them
//   all but Pointwise:  Spec infer(const Spec&, ...) const            fixed arity, one output
//                or     Spec infer(Specs in) const                    any arity, one output
//                or     void infer(Specs in, std::vector<Spec>& out) const
//   Pointwise    Lanes, lane(); optional `conditions` (number of leading bool operands)
//   ViewOp       bool view(const Spec& in, const Strides& in_strides, Strides& out, int64_t& offset) const
//                    (false: not expressible as strides; the scheduler copies the input to row-major first)
//                Tensor write_back(const Tensor& base, const Tensor& value) const   the base after value was written through the view
//   Composite    Tensor expand(const Tensor&, ...) const  or  void expand(const TensorList& in, TensorList& out) const
//                    other ops that compute the same; expanded when a plan is made, so it costs one node to record
//   KernelOp     void cpu(const KernelArgs&) const               inputs and outputs row-major
//                or  KernelFn prepare(KernelContext&) const      sees layouts, may ask for others, may keep state
//                optional `static constexpr int max_post_ops`: pointwise steps that may be folded into its end
//   any op       optional `static constexpr Saves saves`: what the gradient rule reads (default: inputs and outputs)
//
// Only computed-from members count: two nodes with equal op, attrs and input specs are the same computation.
#pragma once
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "deepseek/autograd/grad.h"
#include "deepseek/backends/cpu/fused/program.h"
#include "deepseek/graph/operators.h"
#include "deepseek/graph/tensor.h"
#include "deepseek/ops/kernel_op.h"
#include "deepseek/ops/key.h"

namespace deepseek {

// What autocast does with the floating-point inputs of an op.
enum class Amp : uint8_t { neutral, lower, full };

struct OpInfo {
  std::string_view name;
  Amp amp = Amp::neutral;
  std::string_view onnx = {};
  std::string_view tflite = {};
};

struct NotDifferentiable {
  std::string_view reason;
};

enum class OpKind : uint8_t { leaf, pointwise, cast, index, reduce, view, composite, kernel };

// Which values the gradient rule reads; those stay in memory when a graph is computed before backward.
enum class Saves : uint8_t { nothing = 0, inputs = 1, outputs = 2, both = 3 };

using Specs = std::span<const Spec* const>;

struct Op {
  OpInfo info;
  OpKind kind;
  std::string_view not_differentiable;  // empty when there is a gradient
  Saves saves = Saves::both;
  const fused::LaneOp* lanes = nullptr;
  int conditions = 0;
  int max_post_ops = 0;

  size_t attr_size = 0;
  size_t attr_align = 1;
  void (*move)(void* to, void* from) = nullptr;  // none for an empty struct
  void (*copy)(void* to, const void* from) = nullptr;
  void (*destroy)(void* attrs) = nullptr;
  void (*key)(const void* attrs, KeyWriter&) = nullptr;  // none without attributes
  std::string (*print)(const void* attrs) = nullptr;
  // Puts `to` in the place of `from` in sizes: a functional model records its ops with a stand-in for the open batch size.
  void (*resize)(void* attrs, int64_t from, int64_t to) = nullptr;

  void (*infer)(const void* attrs, Specs in, std::vector<Spec>& out) = nullptr;
  void (*gradient)(const void* attrs, Grad&) = nullptr;
  bool (*view)(const void* attrs, const Spec& in, const Strides& in_strides, Strides& out, int64_t& offset) = nullptr;
  Tensor (*write_back)(const void* attrs, const Tensor& base, const Tensor& value) = nullptr;
  void (*expand)(const void* attrs, const TensorList& in, TensorList& out) = nullptr;
  KernelFn (*prepare)(const void* attrs, KernelContext&) = nullptr;
};

template <class S>
const Op* op_of();

// Records S on the inputs. One output: returns it; several: apply_many. The result of a ViewOp is a view of its first input.
template <class S, class... T>
Tensor apply(S attrs, const T&... inputs);
template <class S>
Tensor apply_list(S attrs, const TensorList& inputs);
template <class S>
TensorList apply_many(S attrs, const TensorList& inputs);

// ---- bases that name the kind ----

struct Pointwise {
  static constexpr OpKind kind = OpKind::pointwise;
  static constexpr auto attrs = std::tuple{};
};
struct ViewOp {
  static constexpr OpKind kind = OpKind::view;
};
struct Composite {
  static constexpr OpKind kind = OpKind::composite;
};
struct KernelOp {
  static constexpr OpKind kind = OpKind::kernel;
};

}  // namespace deepseek

#include "deepseek/ops/op_impl.h"
