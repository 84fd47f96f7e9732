// randn, normal.
#include <cmath>

#include "deepseek/ops.h"
#include "deepseek/ops/creation/sizes.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/random/draws.h"
#include "deepseek/ops/random/generator.h"
#include "deepseek/ops/random/philox.h"

namespace deepseek {
namespace {

constexpr NotDifferentiable chance{"random numbers do not depend on their position"};

struct Normal : Pointwise {
  static constexpr OpInfo info{.name = "random_normal"};
  static constexpr NotDifferentiable gradient = chance;
  using Lanes = fused::Types<int64_t>;
  template <class T>
  static float lane(T position, T key) {
    return philox::normal<float>(philox::words(position, key));
  }
};
struct Normal64 : Pointwise {
  static constexpr OpInfo info{.name = "random_normal64"};
  static constexpr NotDifferentiable gradient = chance;
  using Lanes = fused::Types<int64_t>;
  template <class T>
  static double lane(T position, T key) {
    return philox::normal<double>(philox::words(position, key));
  }
};

Tensor standard(const Shape& shape, DType dtype, const char* op) {
  if (!is_floating_point(dtype)) raise_type(op, ": dtype must be a floating type, but is ", name_of(dtype));
  creation::check_size(shape, op);
  const Tensor positions = iota(shape, contiguous_strides(shape)), key = next_random_key();
  return cast(dtype == DType::float64 ? apply(Normal64{}, positions, key) : apply(Normal{}, positions, key), dtype);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, randn,
                  (Dims size, std::optional<DType> dtype DEFAULT(std::nullopt), bool requires_grad DEFAULT(false)),
                  "Random numbers of the normal distribution with mean 0 and deviation 1.\n\n"
                  "They depend on the seed, the number of draws before and the position alone, not on the number of threads.") {
  return creation::finish(standard(size, creation::or_default(dtype), "randn"), requires_grad);
}
DEEPSEEK_FACTS(randn, .good = {"(2, 3)", "()", "(0, 3)"}, .bad = {"(-1, 2)", "(2,), dtype=int64"});

DEEPSEEK_FUNCTION(Tensor, randn_like,
                  (const Tensor& input, std::optional<DType> dtype DEFAULT(std::nullopt), bool requires_grad DEFAULT(false)),
                  "Random numbers of the normal distribution with mean 0 and deviation 1, in the shape of input and in its "
                  "dtype unless another is given.") {
  return creation::finish(standard(input.shape(), dtype.value_or(input.dtype()), "randn_like"), requires_grad);
}
DEEPSEEK_FACTS(randn_like, .good = {"randn(2, 3)"}, .bad = {"ints(3)"}, .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, normal,
                  (const Tensor& mean, const Tensor& std, std::optional<Dims> size DEFAULT(std::nullopt),
                   std::optional<DType> dtype DEFAULT(std::nullopt), bool requires_grad DEFAULT(false)),
                  "Random numbers of the normal distribution with the given mean and deviation, numbers or tensors that "
                  "broadcast.\n\n"
                  "size is needed when both are numbers.") {
  ensure(std.rank() != 0 || !std.is_computed() || std.item() >= 0, "normal: std must not be negative");
  Shape shape = broadcast(mean.shape(), std.shape(), "normal");
  if (size) {
    ensure(broadcastable_to(shape, *size), "normal: mean and std of shape ", to_string(shape), " do not broadcast to size ",
        to_string(*size));
    shape = *size;
  }
  const auto type_of = [](const Tensor& t) { return t.value().node->weak || !is_floating_point(t.dtype()) ? std::nullopt : std::optional(t.dtype()); };
  const std::optional<DType> given = type_of(mean) ? type_of(mean) : type_of(std);
  const Tensor z = standard(shape, dtype ? *dtype : creation::or_default(given), "normal");
  return creation::finish(z * std.detach() + mean.detach(), requires_grad);
}
DEEPSEEK_FACTS(normal, .good = {"1.0, 2.0, (3, 4)", "randn(2, 1), rand(3)"},
               .bad = {"0.0, 1.0, (-1,)", "0.0, -1.0, (2,)", "randn(2), rand(3)"},
               .check_grad = false);

}  // namespace deepseek
