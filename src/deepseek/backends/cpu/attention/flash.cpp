#include "deepseek/backends/cpu/attention/flash.h"

#include "deepseek/backends/cpu/attention/product.h"
#include "deepseek/backends/cpu/attention/rows.h"
#include "deepseek/backends/cpu/conv/conv.h"
#include "deepseek/backends/cpu/gemm/gemm.h"
#include "deepseek/tensor/error.h"

namespace deepseek::attention {
namespace {

constexpr int64_t query_block = 128, key_block = 512;

struct Sizes {
  int64_t batch, heads, queries, keys, width, value_width;
  Sizes(const Shape& q, const Shape& v) : batch(q[0]), heads(q[1]), queries(q[2]), keys(v[2]), width(q[3]), value_width(v[3]) {}
};

struct Mask {
  Strides strides{0, 0, 0, 0};
  int input = -1;
  Mask() = default;
  Mask(const Operand& o, int position) : input(position) {
    for (int d = 0; d < o.spec.rank(); ++d) {
      const int at = 4 - o.spec.rank() + d;
      strides[at] = o.spec.shape[d] == 1 ? 0 : o.strides[d];
    }
  }
};

class Kernel {
 protected:
  Kernel(const Options& options, const Sizes& sizes, const Heads& q, const Heads& k, const Heads& v, const Mask& mask)
      : options_(options), s_(sizes), q_(q), k_(k), v_(v), mask_(mask), drop_(options.dropout) {}

  // scores (rows x keys of the block) of one tile, masked.
  void scores(const KernelRun& run, int64_t n, int64_t h, int64_t i, int64_t rows, int64_t j, int64_t keys, float* to) const {
    product('N', 'T', rows, keys, s_.width, static_cast<float>(options_.scale), q_.at(input(run, 0), n, h, i), q_.row,
            k_.at(input(run, 1), n, h, j), k_.row, 0, to, key_block);
    if (mask_.input >= 0) {
      const float* mask = input(run, mask_.input) + n * mask_.strides[0] + h * mask_.strides[1];
      for (int64_t r = 0; r < rows; ++r) {
        const float* line = mask + (i + r) * mask_.strides[2] + j * mask_.strides[3];
        for (int64_t c = 0; c < keys; ++c) to[r * key_block + c] += line[c * mask_.strides[3]];
      }
    }
    if (!options_.causal) return;
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = std::max<int64_t>(0, i + r + 1 - j); c < keys; ++c) to[r * key_block + c] = -INFINITY;
    }
  }
  // Drops weights of the rows of a block; `key_input` holds the random key.
  void drop(const KernelRun& run, int key_input, int64_t n, int64_t h, int64_t i, int64_t rows, int64_t j, int64_t keys, float* to) const {
    if (options_.dropout <= 0) return;
    const int64_t key = *static_cast<const int64_t*>(run.inputs[key_input]);
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t row = (n * s_.heads + h) * s_.queries + i + r;
      Rows::best().drop(to + r * key_block, keys, row * drop_stride(s_.keys) + j, key, drop_.threshold, drop_.factor);
    }
  }
  int64_t visible_keys(int64_t i, int64_t rows) const { return options_.causal ? std::min(s_.keys, i + rows) : s_.keys; }
  static const float* input(const KernelRun& run, int i) { return static_cast<const float*>(run.inputs[i]); }

  Options options_;
  Sizes s_;
  Heads q_, k_, v_;
  Mask mask_;
  Drop drop_;
};
static_assert(key_block % drop_block == 0);

class Forward : Kernel {
 public:
  Forward(const Options& options, const KernelContext& c, const Mask& mask)
      : Kernel(options, Sizes(c.inputs[0].spec.shape, c.inputs[2].spec.shape), Heads(c.inputs[0]), Heads(c.inputs[1]),
               Heads(c.inputs[2]), mask),
        out_(c.outputs[0]) {}

  void operator()(const KernelRun& run) const {
    const library::OneThread one_thread;
    const int64_t blocks = (s_.queries + query_block - 1) / query_block;
    parallel_for(s_.batch * s_.heads * blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t item = task / blocks;
        block(run, item / s_.heads, item % s_.heads, task % blocks * query_block);
      }
    });
  }

 private:
  void block(const KernelRun& run, int64_t n, int64_t h, int64_t i) const {
    const Rows& rows_of = Rows::best();
    const int64_t rows = std::min(query_block, s_.queries - i);
    float* tile = static_cast<float*>(gemm::thread_scratch((query_block * key_block + 2 * query_block) * static_cast<int64_t>(sizeof(float))));
    float *top = tile + query_block * key_block, *sum = top + query_block;
    std::fill_n(top, rows, -INFINITY);
    std::fill_n(sum, rows, 0.f);
    float* out = out_.at(static_cast<float*>(run.outputs[0]), n, h, i);
    for (int64_t r = 0; r < rows; ++r) std::fill_n(out + r * out_.row, s_.value_width, 0.f);
    const int64_t seen = visible_keys(i, rows);
    for (int64_t j = 0; j < seen; j += key_block) {
      const int64_t keys = std::min(key_block, seen - j);
      scores(run, n, h, i, rows, j, keys, tile);
      for (int64_t r = 0; r < rows; ++r) {
        float* line = tile + r * key_block;
        const float now = std::max(top[r], rows_of.largest(line, keys));
        const float shift = now == -INFINITY ? 0.f : now;
        const float kept = std::exp(top[r] - shift);
        sum[r] = sum[r] * kept + rows_of.exponentials(line, keys, shift);
        if (kept != 1) rows_of.scale(out + r * out_.row, s_.value_width, kept);
        top[r] = now;
      }
      drop(run, mask_.input >= 0 ? 4 : 3, n, h, i, rows, j, keys, tile);
      product('N', 'N', rows, s_.value_width, keys, 1, tile, key_block, v_.at(input(run, 2), n, h, j), v_.row, 1, out, out_.row);
    }
    float* logsum = static_cast<float*>(run.outputs[1]) + (n * s_.heads + h) * s_.queries + i;
    for (int64_t r = 0; r < rows; ++r) {
      rows_of.scale(out + r * out_.row, s_.value_width, 1 / sum[r]);
      logsum[r] = top[r] + std::log(sum[r]);
    }
  }

  Heads out_;
};

// One task per head: its keys' gradients are added up over the blocks of queries in order.
class Backward : Kernel {
 public:
  Backward(const Options& options, const KernelContext& c, const Mask& mask)
      : Kernel(options, Sizes(c.inputs[0].spec.shape, c.inputs[2].spec.shape), Heads(c.inputs[0]), Heads(c.inputs[1]),
               Heads(c.inputs[2]), mask),
        out_(c.inputs[3]), grad_(c.inputs[5]), dq_(c.outputs[0]), dk_(c.outputs[1]), dv_(c.outputs[2]) {}

  void operator()(const KernelRun& run) const {
    const library::OneThread one_thread;
    parallel_for(s_.batch * s_.heads, 1, [&](int64_t begin, int64_t end) {
      for (int64_t item = begin; item < end; ++item) head(run, item / s_.heads, item % s_.heads);
    });
  }

 private:
  void head(const KernelRun& run, int64_t n, int64_t h) const {
    float *dq = dq_.at(static_cast<float*>(run.outputs[0]), n, h, 0), *dk = dk_.at(static_cast<float*>(run.outputs[1]), n, h, 0),
          *dv = dv_.at(static_cast<float*>(run.outputs[2]), n, h, 0);
    for (int64_t i = 0; i < s_.queries; ++i) std::fill_n(dq + i * dq_.row, s_.width, 0.f);
    for (int64_t j = 0; j < s_.keys; ++j) {
      std::fill_n(dk + j * dk_.row, s_.width, 0.f);
      std::fill_n(dv + j * dv_.row, s_.value_width, 0.f);
    }
    const Rows& rows_of = Rows::best();
    float* p = static_cast<float*>(gemm::thread_scratch((3 * query_block * key_block + query_block) * static_cast<int64_t>(sizeof(float))));
    float *dp = p + query_block * key_block, *dropped = dp + query_block * key_block, *mean = dropped + query_block * key_block;
    const int key_input = mask_.input >= 0 ? 7 : 6;
    for (int64_t i = 0; i < s_.queries; i += query_block) {
      const int64_t rows = std::min(query_block, s_.queries - i), seen = visible_keys(i, rows);
      const float *out = out_.at(input(run, 3), n, h, i), *grad = grad_.at(input(run, 5), n, h, i);
      const float* logsum = input(run, 4) + (n * s_.heads + h) * s_.queries + i;
      for (int64_t r = 0; r < rows; ++r) mean[r] = rows_of.dot(out + r * out_.row, grad + r * grad_.row, s_.value_width);
      for (int64_t j = 0; j < seen; j += key_block) {
        const int64_t keys = std::min(key_block, seen - j);
        scores(run, n, h, i, rows, j, keys, p);
        for (int64_t r = 0; r < rows; ++r) rows_of.exponentials(p + r * key_block, keys, logsum[r]);
        product('N', 'T', rows, keys, s_.value_width, 1, grad, grad_.row, v_.at(input(run, 2), n, h, j), v_.row, 0, dp, key_block);
        drop(run, key_input, n, h, i, rows, j, keys, dp);
        const float* kept = p;
        if (options_.dropout > 0) {
          for (int64_t r = 0; r < rows; ++r) std::copy_n(p + r * key_block, keys, dropped + r * key_block);
          drop(run, key_input, n, h, i, rows, j, keys, dropped);
          kept = dropped;
        }
        product('T', 'N', keys, s_.value_width, rows, 1, kept, key_block, grad, grad_.row, 1, dv + j * dv_.row, dv_.row);
        for (int64_t r = 0; r < rows; ++r) {
          rows_of.softmax_gradient(p + r * key_block, dp + r * key_block, keys, mean[r], static_cast<float>(options_.scale));
        }
        product('N', 'N', rows, s_.width, keys, 1, dp, key_block, k_.at(input(run, 1), n, h, j), k_.row, 1, dq + i * dq_.row, dq_.row);
        product('T', 'N', keys, s_.width, rows, 1, dp, key_block, q_.at(input(run, 0), n, h, i), q_.row, 1, dk + j * dk_.row, dk_.row);
      }
    }
  }

  Heads out_, grad_, dq_, dk_, dv_;
};

}  // namespace

void ask_rows(Operand& o) {
  const Shape& s = o.spec.shape;
  const bool unit = o.strides[3] == 1 || s[3] == 1, apart = o.strides[2] >= s[3] || s[2] == 1;
  if (!unit || !apart) conv::ask_layout(o, contiguous_strides(s));
}

Strides in_order_of(const Operand& like, const Shape& shape) {
  Dims order{0, 1, 2, 3};
  std::stable_sort(order.begin(), order.end() - 1, [&](int64_t a, int64_t b) {
    return like.strides[static_cast<int>(a)] > like.strides[static_cast<int>(b)];
  });
  return strides_for_order(shape, order);
}

KernelFn make_forward(const Options& options, KernelContext& c) {
  for (size_t i = 0; i < 3; ++i) ask_rows(c.inputs[i]);
  c.outputs[0].strides = in_order_of(c.inputs[0], c.outputs[0].spec.shape);
  return Forward(options, c, c.inputs.size() > (options.dropout > 0 ? 4u : 3u) ? Mask(c.inputs[3], 3) : Mask());
}

KernelFn make_backward(const Options& options, KernelContext& c) {
  for (size_t i : {0u, 1u, 2u, 3u, 5u}) ask_rows(c.inputs[i]);
  conv::ask_layout(c.inputs[4], contiguous_strides(c.inputs[4].spec.shape));
  for (size_t i = 0; i < 3; ++i) c.outputs[i].strides = in_order_of(c.inputs[i], c.outputs[i].spec.shape);
  return Backward(options, c, c.inputs.size() > (options.dropout > 0 ? 7u : 6u) ? Mask(c.inputs[6], 6) : Mask());
}

}  // namespace deepseek::attention
