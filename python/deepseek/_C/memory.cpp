// deepseek.memory: what a step will take.
#include <nanobind/stl/string.h>

#include "deepseek/memory/predict.h"
#include "deepseek/scheduler/budget.h"
#include "errors.h"
#include "gil.h"

namespace deepseek::python {

DEEPSEEK_BINDING(memory, 45) {
  m.def("predict_memory", [](const nb::callable& step) {
    const memory::Prediction p = memory::predict([&] { step(); });
    nb::list holdings;
    for (const memory::Holding& h : p.holdings) holdings.append(nb::make_tuple(h.what, h.layer, h.bytes));
    nb::dict d;
    d["peak"] = p.peak;
    d["kept"] = p.kept;
    d["arena"] = p.arena;
    d["holdings"] = holdings;
    return d;
  });
  m.def("swap_memory_budget", [](int64_t bytes) { return std::exchange(memory_budget, bytes); });
}

}  // namespace deepseek::python
