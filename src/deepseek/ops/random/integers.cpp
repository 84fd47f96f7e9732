// randint, randperm.
#include <numeric>

#include "deepseek/ops.h"
#include "deepseek/ops/creation/sizes.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/random/generator.h"
#include "deepseek/ops/random/philox.h"

namespace deepseek {
namespace {

constexpr NotDifferentiable chance{"random integers have no slope"};

// The upper half of a 64-bit random number times n: uniform in [0, n) up to n / 2^64.
uint64_t below(philox::Words w, uint64_t n) {
  const uint64_t r = static_cast<uint64_t>(w.a) << 32 | w.b;
  return static_cast<uint64_t>((static_cast<unsigned __int128>(r) * n) >> 64);
}

struct Integers : Pointwise {
  static constexpr OpInfo info{.name = "random_integers"};
  static constexpr NotDifferentiable gradient = chance;
  using Lanes = fused::Types<int64_t>;
  template <class T>
  static T lane(T position, T key, T low, T count) {
    return static_cast<T>(static_cast<uint64_t>(low) + below(philox::words(position, key), static_cast<uint64_t>(count)));
  }
};

// Fisher and Yates' shuffle, whose i-th swap is drawn at position i.
struct Permutation : KernelOp {
  static constexpr OpInfo info{.name = "random_permutation"};
  static constexpr NotDifferentiable gradient = chance;
  int64_t n = 0;
  static constexpr auto attrs = std::tuple{&Permutation::n};
  Spec infer(const Spec&) const { return {DType::int64, {n}}; }
  void cpu(const KernelArgs& args) const {
    int64_t* out = args.out<int64_t>();
    const int64_t key = *args.in<int64_t>(0);
    std::iota(out, out + n, int64_t{0});
    for (int64_t i = n - 1; i > 0; --i) {
      std::swap(out[i], out[below(philox::words(i, key), static_cast<uint64_t>(i) + 1)]);
    }
  }
};

Tensor integers(const Shape& shape, int64_t low, int64_t high, DType dtype, const char* op) {
  ensure(low < high, op, ": low must be below high, but they are ", low, " and ", high);
  const Tensor positions = iota(shape, contiguous_strides(shape));
  const int64_t count = static_cast<int64_t>(static_cast<uint64_t>(high) - static_cast<uint64_t>(low));
  return cast(apply(Integers{}, positions, next_random_key(), creation::scalar_of(low, DType::int64),
                    creation::scalar_of(count, DType::int64)),
              dtype);
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, randint,
                  (std::optional<int64_t> low DEFAULT(std::nullopt), std::optional<Dims> high DEFAULT(std::nullopt),
                   std::optional<Dims> size DEFAULT(std::nullopt), std::optional<DType> dtype DEFAULT(std::nullopt)),
                  "Random integers, uniform from low up to but without high: randint(low, high, size), or randint(high, size) "
                  "from 0.\n\n"
                  "dtype is int64 unless given.") {
  int64_t first = 0, last = 0;
  Shape shape;
  if (size && low && high) {
    ensure(high->size() == 1, "randint: high must be an integer, but is ", to_string(*high));
    first = *low, last = (*high)[0], shape = *size;
  } else if (size) {
    ensure(low || (high && high->size() == 1), "randint: high must be given");
    last = low ? *low : (*high)[0], shape = *size;
  } else {
    ensure(low && high, "randint: size must be given, as in randint(low, high, size) or randint(high, size)");
    last = *low, shape = *high;
  }
  creation::check_size(shape, "randint");
  return integers(shape, first, last, dtype.value_or(DType::int64), "randint");
}
DEEPSEEK_FACTS(randint, .good = {"0, 10, (2, 3)", "10, (2, 3)", "-5, 5, (4,)"},
               .bad = {"5, 5, (2,)", "3, 1, (2,)", "0, 10, (-1,)", "10"});

DEEPSEEK_FUNCTION(Tensor, randint_like, (const Tensor& input, int64_t low, std::optional<int64_t> high DEFAULT(std::nullopt)),
                  "Random integers, uniform from low up to but without high (from 0 up to low when high is not given), in the "
                  "shape and dtype of input.") {
  return integers(input.shape(), high ? low : 0, high ? *high : low, input.dtype(), "randint_like");
}
DEEPSEEK_FACTS(randint_like, .good = {"randn(2, 3), 0, 10", "ints(4), 3"}, .bad = {"ints(4), 5, 5"}, .check_grad = false);

DEEPSEEK_FUNCTION(Tensor, randperm, (int64_t n, std::optional<DType> dtype DEFAULT(std::nullopt)),
                  "The integers from 0 to n - 1 in a random order; dtype is int64 unless given.") {
  creation::check_size({n}, "randperm");
  return cast(apply(Permutation{.n = n}, next_random_key()), dtype.value_or(DType::int64));
}
DEEPSEEK_FACTS(randperm, .good = {"5", "0"}, .bad = {"-1"});

}  // namespace deepseek
