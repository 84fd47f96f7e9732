#include "deepseek/backends/cpu/attention/cached.h"

#include "deepseek/backends/cpu/attention/product.h"
#include "deepseek/backends/cpu/attention/rows.h"
#include "deepseek/backends/cpu/gemm/gemm.h"
#include "deepseek/runtime/parallel.h"

namespace deepseek::attention {
namespace {

constexpr int64_t row_block = 64;
constexpr int64_t few = 4;  // rows: their products are sums over memory, for which a library's packing is waste

class Cached {
 public:
  Cached(double scale, const KernelContext& c)
      : scale_(static_cast<float>(scale)), shape_(c.inputs[0].spec.shape), capacity_(c.inputs[1].spec.shape[2]), q_(c.inputs[0]), k_(c.inputs[1]),
        v_(c.inputs[2]), out_(c.outputs[0]) {}

  void operator()(const KernelRun& run) const {
    const library::OneThread one_thread;
    const int64_t blocks = (shape_[2] + row_block - 1) / row_block;
    parallel_for(shape_[0] * shape_[1] * blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t item = task / blocks;
        block(run, item / shape_[1], item % shape_[1], task % blocks * row_block);
      }
    });
  }

 private:
  void block(const KernelRun& run, int64_t n, int64_t h, int64_t i) const {
    const Rows& rows_of = Rows::best();
    const int64_t past = *static_cast<const int64_t*>(run.inputs[3]), rows = std::min(row_block, shape_[2] - i), width = shape_[3];
    const int64_t seen = past + i + rows;
    DEEPSEEK_CHECK(past >= 0 && seen <= capacity_, "cached_attention: rows up to ", seen, " of ", capacity_);
    const auto at = [&](const Heads& heads, int input, int64_t row) { return heads.at(static_cast<const float*>(run.inputs[input]), n, h, row); };
    const float *q = at(q_, 0, i), *k = at(k_, 1, 0), *v = at(v_, 2, 0);
    float* out = out_.at(static_cast<float*>(run.outputs[0]), n, h, i);
    auto* scores = static_cast<float*>(gemm::thread_scratch(std::min(rows, row_block) * seen * static_cast<int64_t>(sizeof(float))));
    if (rows > few) product('N', 'T', rows, seen, width, scale_, q, q_.row, k, k_.row, 0, scores, seen);
    for (int64_t r = 0; r < rows; ++r) {
      float* line = scores + r * seen;
      const int64_t own = past + i + r + 1;
      if (rows <= few) rows_of.products(q + r * q_.row, k, k_.row, own, width, scale_, line);
      rows_of.scale(line, own, 1 / rows_of.exponentials(line, own, rows_of.largest(line, own)));
      std::fill(line + own, line + seen, 0.f);
      if (rows <= few) rows_of.weighted_sum(line, v, v_.row, own, width, out + r * out_.row);
    }
    if (rows > few) product('N', 'N', rows, width, seen, 1, scores, seen, v, v_.row, 0, out, out_.row);
  }

  float scale_;
  Shape shape_;
  int64_t capacity_;
  Heads q_, k_, v_, out_;
};

}  // namespace

KernelFn make_cached(double scale, KernelContext& c) {
  for (size_t i = 0; i < 3; ++i) ask_rows(c.inputs[i]);
  c.outputs[0].strides = in_order_of(c.inputs[0], c.outputs[0].spec.shape);
  return Cached(scale, c);
}

}  // namespace deepseek::attention
