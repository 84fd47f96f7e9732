// Operands that repeat along outer dims, such as one number for each channel of an image: blocks are cut to their period.
#include <memory>

#include <gtest/gtest.h>

#include "deepseek/runtime/parallel.h"
#include "deepseek/tensor/half.h"
#include "fused_program_builder.h"
#include "fused_program_oracle.h"

using namespace fused_test;

namespace {

struct MultiplyAddOne {
  template <class T>
  static T lane(T a, T b) {
    return a * b + T(1);
  }
};

}  // namespace

// Periods that do and do not divide a block, share a divisor with it, or are longer than it; a last block that is not whole;
// a narrower type; a second operand of another period; a result over its input.
TEST(FusedRepeat, EqualsLoops) {
  const LaneOp& op = lane_op<MultiplyAddOne, Numeric>;
  for (const int64_t period : {3, 24, 96, 100, 128, 144, 512, 576, 960, 1031}) {
    for (const int64_t other : {int64_t{1}, period, period / 3}) {
      if (other == 0 || period % other != 0) continue;
      const int64_t rows = 40'000 / period;
      Builder b({rows, period / other, other});
      const Strides all{period, other, 1};
      const int x = b.load(0, all);
      const int wide = b.load(1, {0, other, 1});
      const int narrow = b.load(2, {0, 0, 1}, DType::bfloat16);
      b.program.steps.back().type = DType::float32;  // converted as it is loaded
      b.store(b.op(op, {b.op(op, {x, wide}), narrow}), 3, all);
      std::vector<float> in(static_cast<size_t>(rows * period)), factor(static_cast<size_t>(period)), expected(in.size());
      std::vector<bfloat16_t> second(static_cast<size_t>(other));
      for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i % 17) - 8;
      for (size_t i = 0; i < factor.size(); ++i) factor[i] = static_cast<float>(i % 13);
      for (size_t i = 0; i < second.size(); ++i) second[i] = to_bfloat16(static_cast<float>(i % 5));
      for (size_t i = 0; i < in.size(); ++i) {
        const float v = in[i] * factor[i % factor.size()] + 1;
        expected[i] = v * static_cast<float>((i % second.size()) % 5) + 1;
      }
      const std::unique_ptr<Kernel> kernel = compile(b.program);
      for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
        set_isa(isa);
        for (const int threads : {1, 2, 4}) {
          set_num_threads(threads);
          std::vector<float> out(in.size()), over = in;
          void* apart[] = {in.data(), factor.data(), second.data(), out.data()};
          kernel->run(apart, nullptr);
          EXPECT_EQ(out, expected) << period << ' ' << other;
          void* inside[] = {over.data(), factor.data(), second.data(), over.data()};
          kernel->run(inside, nullptr);
          EXPECT_EQ(over, expected) << period << ' ' << other << " in place";
        }
      }
      set_isa(best_isa());
      set_num_threads(2);
    }
  }
}
