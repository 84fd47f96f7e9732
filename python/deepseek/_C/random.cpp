#include "binding.h"

#include "deepseek/ops/random/generator.h"

namespace deepseek::python {

DEEPSEEK_BINDING(random, 41) {
  m.def(
      "manual_seed", [](int64_t seed) { manual_seed(seed); }, nb::arg("seed"));
  m.def(
      "initial_seed", [] { return initial_seed(); }, "The seed that the random functions started from.");
  m.def("rng_state", [] {
    const Generator::State s = default_generator().state();
    return nb::make_tuple(static_cast<int64_t>(s.seed), static_cast<int64_t>(s.counter));
  });
  m.def("set_rng_state", [](int64_t seed, int64_t counter) {
    default_generator().set_state({static_cast<uint64_t>(seed), static_cast<uint64_t>(counter)});
  });
}

}  // namespace deepseek::python
