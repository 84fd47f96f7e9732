// How the steps of a sequence lie in memory and how their work is handed out.
#pragma once
#include <vector>

#include "deepseek/backends/cpu/recurrent/cell.h"
#include "deepseek/backends/cpu/recurrent/product.h"

namespace deepseek::recurrent {

inline constexpr int64_t tile_rows = 8 * most_rows;

template <class T>
class Sequence {
 protected:
  Sequence(const Options& options, const KernelContext& c)
      : o_(options),
        in_(options),
        s_(options, c.inputs[0].spec.shape, c.inputs[2].spec.shape, c.inputs[3].spec.shape) {}

  // A row of a sequence of that width; its items lie `row_step` apart.
  int64_t at(int64_t t, int64_t item, int64_t width) const {
    return (o_.batch_first ? item * s_.steps + t : t * s_.items + item) * width;
  }
  int64_t row_step(int64_t width) const { return o_.batch_first ? s_.steps * width : width; }
  int64_t time(int64_t k) const { return o_.reverse ? s_.steps - 1 - k : k; }
  int64_t length(const KernelRun& run, int64_t item) const {
    return o_.masked ? static_cast<const int64_t*>(run.inputs[in_.lengths])[item] : s_.steps;
  }
  static const T* input(const KernelRun& run, int i) { return static_cast<const T*>(run.inputs[i]); }
  static T* output(const KernelRun& run, int i) { return static_cast<T*>(run.outputs[i]); }
  int64_t padded(int64_t n) const { return gemm::round_up(n, widest_panel); }

  // Items need each other in no step. While the weights stay in a thread's cache, a few items of all steps are one
  // task; else each step hands out its columns. Either way an element is computed alike.
  template <class F>
  void for_items(F&& body) const {
    constexpr int64_t cached = 512 << 10;
    const int64_t weights = gates_of(o_.kind) * s_.hidden * s_.out * static_cast<int64_t>(sizeof(T));
    const bool apart = weights <= cached && s_.items >= 2 * most_rows;
    parallel_for(s_.items, apart ? gemm::round_up((s_.items + 7) / 8, most_rows) : s_.items, body);
  }
  // body(block, first item, items) for all panels, a tile of items at a time; `products` is the work of one panel and
  // item.
  template <class F>
  static void for_tiles(int64_t begin, int64_t end, int64_t blocks, int64_t products, F&& body) {
    constexpr int64_t worth_a_task = 1 << 16;
    parallel_for(blocks, std::max<int64_t>(1, worth_a_task / std::max<int64_t>(1, products * (end - begin))),
                 [&](int64_t from, int64_t to) {
                   for (int64_t b = from; b < to; ++b) {
                     for (int64_t r = begin; r < end; r += tile_rows) body(b, r, std::min(tile_rows, end - r));
                   }
                 });
  }

  Options o_;
  Inputs in_;
  Sizes s_;
};

// The kernel for the element type of the operands.
template <template <class> class Kernel>
KernelFn kernel_of(const Options& options, KernelContext& context) {
  context.require_contiguous();
  const auto make = [&]<class T>(T) -> KernelFn {
    Kernel<T> kernel(options, context);
    context.workspace = kernel.workspace();
    return kernel;
  };
  return context.inputs[0].spec.dtype == DType::float64 ? make(double{}) : make(float{});
}

// Hands out parts of a kernel's workspace; with no memory it only counts.
template <class T>
class Parts {
 public:
  explicit Parts(void* memory) : memory_(static_cast<T*>(memory)) {}
  T* take(int64_t n) {
    T* part = memory_ ? memory_ + used_ : nullptr;
    used_ += gemm::round_up(n, 64 / static_cast<int64_t>(sizeof(T)));
    return part;
  }
  int64_t bytes() const { return used_ * static_cast<int64_t>(sizeof(T)); }

 private:
  T* memory_;
  int64_t used_ = 0;
};

}  // namespace deepseek::recurrent
