// The block interpreter against a naive oracle, on every instruction set of this machine and 1, 2 and 4 threads.
#include "fused_program_oracle.h"

#include <algorithm>
#include <numeric>
#include <string>

#include <gtest/gtest.h>

#include "deepseek/runtime/parallel.h"
#include "deepseek/tensor/error.h"
#include "fused_program_random.h"

using namespace fused_test;

namespace {

class FusedProgram : public ::testing::Test {
 public:
  ~FusedProgram() override {
    set_isa(best_isa());
    set_num_threads(2);
  }
};

void check_against_oracle(uint32_t seed, int64_t most_points) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  RandomProgram random(seed, most_points);
  std::vector<std::vector<std::byte>> expected = random.buffers;
  naive(random.program, random.pointers(expected), random.scalars);
  const std::unique_ptr<Kernel> kernel = compile(random.program);
  for (Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (isa > best_isa()) continue;
    set_isa(isa);
    for (int threads : {1, 2, 4}) {
      set_num_threads(threads);
      std::vector<std::vector<std::byte>> got = random.buffers;
      kernel->run(random.pointers(got).data(), random.scalars.data());
      for (size_t b = 0; b < got.size(); ++b) {
        if (got[b] == expected[b]) continue;
        const auto at = std::mismatch(got[b].begin(), got[b].end(), expected[b].begin()).first - got[b].begin();
        FAIL() << "buffer " << b << " differs at byte " << at << " with isa " << static_cast<int>(isa) << ", " << threads
               << " threads\n" << describe(random.program);
      }
    }
  }
}

TEST_F(FusedProgram, SmallRandomProgramsEqualTheOracle) {
  for (uint32_t seed = 0; seed < 3000 && !HasFailure(); ++seed) check_against_oracle(seed, 600);
}
TEST_F(FusedProgram, MiddleRandomProgramsEqualTheOracle) {
  for (uint32_t seed = 10'000; seed < 10'150 && !HasFailure(); ++seed) check_against_oracle(seed, 20'000);
}
TEST_F(FusedProgram, LargeRandomProgramsEqualTheOracle) {
  for (uint32_t seed = 20'000; seed < 20'012 && !HasFailure(); ++seed) check_against_oracle(seed, 400'000);
}

}  // namespace
