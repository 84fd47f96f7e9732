// rand, uniform, bernoulli.
#include "deepseek/ops.h"
#include "deepseek/ops/creation/sizes.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/promote.h"
#include "deepseek/ops/random/draws.h"
#include "deepseek/ops/random/generator.h"
#include "deepseek/ops/random/philox.h"

namespace deepseek {
namespace {

constexpr NotDifferentiable chance{"random numbers do not depend on their position"};

struct Uniform : Pointwise {
  static constexpr OpInfo info{.name = "random_uniform"};
  static constexpr NotDifferentiable gradient = chance;
  using Lanes = fused::Types<int64_t>;
  template <class T>
  static float lane(T position, T key) {
    return philox::uniform<float>(philox::words(position, key));
  }
};
struct Uniform64 : Pointwise {
  static constexpr OpInfo info{.name = "random_uniform64"};
  static constexpr NotDifferentiable gradient = chance;
  using Lanes = fused::Types<int64_t>;
  template <class T>
  static double lane(T position, T key) {
    return philox::uniform<double>(philox::words(position, key));
  }
};

void require_floating(DType t, const char* op) {
  if (!is_floating_point(t)) raise_type(op, ": dtype must be a floating type, but is ", name_of(t));
}

// [0, 1) in any floating type. Rounding to 16 bits would reach 1, so as many bits are cut as the type cannot hold.
Tensor unit(const Shape& shape, DType dtype) {
  Tensor u = random::uniform(shape, random::drawn(dtype), next_random_key());
  if (dtype == DType::float16) u = floor(u * 2048.0) * 0x1p-11;
  if (dtype == DType::bfloat16) u = floor(u * 256.0) * 0x1p-8;
  return cast(u, dtype);
}

}  // namespace

Tensor random::uniform(const Shape& shape, DType dtype, const Tensor& key) {
  const Tensor positions = iota(shape, contiguous_strides(shape));
  return dtype == DType::float64 ? apply(Uniform64{}, positions, key) : apply(Uniform{}, positions, key);
}

DEEPSEEK_FUNCTION(Tensor, rand,
                  (Dims size, std::optional<DType> dtype DEFAULT(std::nullopt), bool requires_grad DEFAULT(false)),
                  "Random numbers that are uniform in [0, 1).\n\n"
                  "They depend on the seed, the number of draws before and the position alone, not on the number of threads.") {
  creation::check_size(size, "rand");
  require_floating(creation::or_default(dtype), "rand");
  return creation::finish(unit(size, creation::or_default(dtype)), requires_grad);
}
DEEPSEEK_FACTS(rand, .good = {"(2, 3)", "()", "(0, 3)"}, .bad = {"(-1, 2)", "(2,), dtype=int64"});

DEEPSEEK_FUNCTION(Tensor, rand_like,
                  (const Tensor& input, std::optional<DType> dtype DEFAULT(std::nullopt), bool requires_grad DEFAULT(false)),
                  "Random numbers that are uniform in [0, 1), in the shape of input and in its dtype unless another is "
                  "given.") {
  require_floating(dtype.value_or(input.dtype()), "rand_like");
  return creation::finish(unit(input.shape(), dtype.value_or(input.dtype())), requires_grad);
}
DEEPSEEK_FACTS(rand_like, .good = {"randn(2, 3)"}, .bad = {"ints(3)"}, .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, uniform,
                  (Dims size, double low DEFAULT(0.0), double high DEFAULT(1.0),
                      std::optional<DType> dtype DEFAULT(std::nullopt),
                   bool requires_grad DEFAULT(false)),
                  "Random numbers of the given size that are uniform in [low, high).") {
  creation::check_size(size, "uniform");
  require_floating(creation::or_default(dtype), "uniform");
  ensure(low <= high && high - low <= 1.7e308, "uniform: low must be at most high and both finite, but they are ", low, " and ",
      high);
  Tensor u = unit(size, creation::or_default(dtype));
  if (low != 0 || high != 1) u = u * Tensor(high - low) + Tensor(low);
  return creation::finish(u, requires_grad);
}
DEEPSEEK_FACTS(uniform, .good = {"(2, 3), -1, 1"}, .bad = {"(-1, 2)", "(2,), 1, 0", "(2,), dtype=int64"});

DEEPSEEK_FUNCTION(Tensor, bernoulli, (const Tensor& input, std::optional<double> p DEFAULT(std::nullopt)),
                  "1 with the probability that input holds for that element (or with probability p for all), else 0; in the "
                  "shape and dtype of input.") {
  if (p) {
    ensure(*p >= 0 && *p <= 1, "bernoulli: p must be between 0 and 1, but is ", *p);
    return cast(lt(random::uniform(input.shape(), DType::float32, next_random_key()), *p), input.dtype());
  }
  require_floating(input.dtype(), "bernoulli");
  return cast(lt(random::uniform(input.shape(), random::drawn(input.dtype()), next_random_key()), input.detach()),
      input.dtype());
}
DEEPSEEK_FACTS(bernoulli, .in = {"method"}, .good = {"rand(2, 3)", "randn(3), 0.25"}, .bad = {"rand(3), 1.5", "ints(3)"},
               .check_grad = false);

}  // namespace deepseek
