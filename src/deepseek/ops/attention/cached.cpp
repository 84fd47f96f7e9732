#include "deepseek/ops/attention/cached.h"

#include <cmath>
#include <limits>

#include "deepseek/backends/cpu/attention/cached.h"
#include "deepseek/backends/cpu/move/strided_copy.h"
#include "deepseek/ops.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/op.h"

namespace deepseek {
namespace {

constexpr NotDifferentiable generating{"kept keys and values are for generation; call the model without a cache to train it"};

struct CacheRows : KernelOp {
  static constexpr OpInfo info{.name = "cache_rows"};
  static constexpr Saves saves = Saves::nothing;
  static constexpr auto attrs = std::tuple{};
  static constexpr NotDifferentiable gradient = generating;
  Spec infer(const Spec& cache, const Spec&, const Spec&) const { return cache; }
  KernelFn prepare(KernelContext& context) const {
    const Spec cache = context.inputs[0].spec, rows = context.inputs[1].spec;
    context.inputs[0].strides = contiguous_strides(cache.shape);
    context.may_alias.push_back({0, 0});
    return [=, from = context.inputs[1].strides, to = contiguous_strides(cache.shape)](const KernelRun& run) {
      const int64_t past = *static_cast<const int64_t*>(run.inputs[2]), size = size_of(cache.dtype);
      DEEPSEEK_CHECK(past >= 0 && past + rows.shape[2] <= cache.shape[2], "cache_rows: row ", past);
      auto* target = static_cast<std::byte*>(run.outputs[0]);
      const Strides dense{1}, count{cache.numel()};
      if (run.inputs[0] != target) cpu::strided_copy(target, dense, run.inputs[0], dense, count, size);
      cpu::strided_copy(target + past * cache.shape[3] * size, to, run.inputs[1], from, rows.shape, size);
    };
  }
};

struct CachedAttention : KernelOp {
  static constexpr OpInfo info{.name = "cached_attention"};
  static constexpr Saves saves = Saves::nothing;
  double scale = 1;
  static constexpr auto attrs = std::tuple{&CachedAttention::scale};
  static constexpr NotDifferentiable gradient = generating;
  Spec infer(const Spec& query, const Spec&, const Spec&, const Spec&) const { return query; }
  KernelFn prepare(KernelContext& context) const { return attention::make_cached(scale, context); }
};

}  // namespace

Tensor cache_rows(const Tensor& cache, const Tensor& rows, const Tensor& past) {
  return apply(CacheRows{}, cache, cast(rows, cache.dtype()), cast(past, DType::int64));
}

Tensor cached_attention(const Tensor& query, const Tensor& keys, const Tensor& values, const Tensor& past) {
  const double scale = 1 / std::sqrt(static_cast<double>(query.size(-1)));
  if (query.dtype() == DType::float32 && keys.dtype() == DType::float32) {
    return apply(CachedAttention{.scale = scale}, query, keys, values, cast(past, DType::int64));
  }
  const Tensor later = iota({query.size(2), keys.size(2)}, {-1, 1}) > past;
  const Tensor scores = where(later, -std::numeric_limits<double>::infinity(), product(query * scale, cast(keys, query.dtype()), false, true));
  return product(softmax(scores, -1), cast(values, query.dtype()));
}

}  // namespace deepseek
