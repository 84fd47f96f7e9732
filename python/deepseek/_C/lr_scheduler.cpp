// deepseek.optim.lr_scheduler.
#include <nanobind/stl/function.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <nanobind/trampoline.h>

#include "deepseek/optim/lr_scheduler.h"
#include "tree.h"

namespace deepseek::python {
namespace {

using namespace optim::lr_scheduler;
using OptimizerPtr = std::shared_ptr<optim::Optimizer>;
using SchedulerList = std::vector<std::shared_ptr<LRScheduler>>;
using Function = LambdaLR::Function;

// A user's own schedule: get_lr() is written in Python.
class PythonScheduler : public LRScheduler {
 public:
  NB_TRAMPOLINE(LRScheduler, 1);
  void begin() { start(); }
  std::vector<double> get_lr() override { NB_OVERRIDE_PURE(get_lr); }
};

// One number for all groups, or a list with one for each.
std::vector<double> numbers(nb::handle o) {
  if (PyFloat_Check(o.ptr()) || PyLong_Check(o.ptr())) return {nb::cast<double>(o)};
  return nb::cast<std::vector<double>>(o);
}

std::vector<Function> functions(nb::handle o) {
  if (PyCallable_Check(o.ptr())) return {nb::cast<Function>(o)};
  return nb::cast<std::vector<Function>>(o);
}

}  // namespace

DEEPSEEK_BINDING(schedulers, 61) {
  nb::module_ s = nb::cast<nb::module_>(m.attr("optim")).def_submodule("lr_scheduler");
  using nb::arg;
  const auto o = arg("optimizer");
  const auto last = [] { return arg("last_epoch") = -1; };
  nb::class_<LRScheduler, PythonScheduler>(s, "LRScheduler", nb::dynamic_attr(),
      "Base of all schedules. A subclass defines get_lr(), the rates of all groups for last_epoch.")
      .def("__init__", [](nb::pointer_and_handle<LRScheduler> self, OptimizerPtr optimizer, int64_t last_epoch) {
        auto* made = new (static_cast<void*>(self.p)) PythonScheduler(std::move(optimizer), last_epoch);
        nb::inst_mark_ready(self.h);  // get_lr() of the subclass, which begin() calls, may use the object
        made->begin();
      }, o, last())
      .def("step", [](LRScheduler& self, std::optional<int64_t> epoch) { epoch ? self.step_to(*epoch) : self.step(); },
           arg("epoch").none() = nb::none(), "Sets the rates of the next epoch.")
      .def("get_lr", &LRScheduler::get_lr, "The rates that follow from the present ones.")
      .def("get_last_lr", &LRScheduler::get_last_lr, "The rates that were set last.")
      .def("state_dict", [](const LRScheduler& self) { return from_tree(self.state_dict()); }, "The schedule's position.")
      .def("load_state_dict", [](LRScheduler& self, nb::handle d) { self.load_state_dict(to_tree(d, "state_dict")); },
           arg("state_dict"), "Takes over what state_dict() returned.")
      .def_prop_ro("optimizer", &LRScheduler::shared_optimizer)
      .def_prop_ro("last_epoch", &LRScheduler::last_epoch)
      .def_prop_ro("base_lrs", &LRScheduler::base_lrs);
  nb::class_<StepLR, LRScheduler>(s, "StepLR", "Multiplies the rate by gamma every step_size epochs.")
      .def(nb::init<OptimizerPtr, int64_t, double, int64_t>(), o, arg("step_size"), arg("gamma") = 0.1, last());
  nb::class_<MultiStepLR, LRScheduler>(s, "MultiStepLR", "Multiplies the rate by gamma at each milestone.")
      .def(nb::init<OptimizerPtr, std::vector<int64_t>, double, int64_t>(), o, arg("milestones"), arg("gamma") = 0.1, last());
  nb::class_<ConstantLR, LRScheduler>(s, "ConstantLR", "The rate times factor for total_iters epochs.")
      .def(nb::init<OptimizerPtr, double, int64_t, int64_t>(), o, arg("factor") = 1.0 / 3, arg("total_iters") = 5, last());
  nb::class_<LinearLR, LRScheduler>(s, "LinearLR", "From start_factor to end_factor in total_iters epochs: a warm-up.")
      .def(nb::init<OptimizerPtr, double, double, int64_t, int64_t>(), o, arg("start_factor") = 1.0 / 3, arg("end_factor") = 1.0,
           arg("total_iters") = 5, last());
  nb::class_<ExponentialLR, LRScheduler>(s, "ExponentialLR", "Multiplies the rate by gamma every epoch.")
      .def(nb::init<OptimizerPtr, double, int64_t>(), o, arg("gamma"), last());
  nb::class_<PolynomialLR, LRScheduler>(s, "PolynomialLR", "Down to zero along a power of the remaining epochs.")
      .def(nb::init<OptimizerPtr, int64_t, double, int64_t>(), o, arg("total_iters") = 5, arg("power") = 1.0, last());
  nb::class_<CosineAnnealingLR, LRScheduler>(s, "CosineAnnealingLR", "Half a cosine from the rate to eta_min in T_max epochs.")
      .def(nb::init<OptimizerPtr, int64_t, double, int64_t>(), o, arg("T_max"), arg("eta_min") = 0.0, last());
  nb::class_<CosineAnnealingWarmRestarts, LRScheduler>(s, "CosineAnnealingWarmRestarts",
      "Half cosines that begin again after T_0, T_0 * T_mult, ... epochs.")
      .def(nb::init<OptimizerPtr, int64_t, int64_t, double, int64_t>(), o, arg("T_0"), arg("T_mult") = 1, arg("eta_min") = 0.0, last());
  nb::class_<LambdaLR, LRScheduler>(s, "LambdaLR", "The base rate times a function of the epoch.")
      .def("__init__", [](LambdaLR* self, OptimizerPtr optimizer, nb::handle f, int64_t last_epoch) {
        new (self) LambdaLR(std::move(optimizer), functions(f), last_epoch);
      }, o, arg("lr_lambda"), last());
  nb::class_<MultiplicativeLR, LRScheduler>(s, "MultiplicativeLR", "The rate before times a function of the epoch.")
      .def("__init__", [](MultiplicativeLR* self, OptimizerPtr optimizer, nb::handle f, int64_t last_epoch) {
        new (self) MultiplicativeLR(std::move(optimizer), functions(f), last_epoch);
      }, o, arg("lr_lambda"), last());
  nb::class_<OneCycleLR, LRScheduler>(s, "OneCycleLR", "One rise and fall of the rate, momentum the other way round.")
      .def("__init__", [](OneCycleLR* self, OptimizerPtr optimizer, nb::handle max_lr, std::optional<int64_t> total,
                          std::optional<int64_t> epochs, std::optional<int64_t> steps, double pct_start, std::string strategy, bool cycle,
                          nb::handle base_momentum, nb::handle max_momentum, double div, double final_div, bool three, int64_t last_epoch) {
        new (self) OneCycleLR(std::move(optimizer), numbers(max_lr),
                              {total.value_or(0), epochs.value_or(0), steps.value_or(0), pct_start, std::move(strategy), cycle,
                               numbers(base_momentum), numbers(max_momentum), div, final_div, three}, last_epoch);
      }, o, arg("max_lr"), arg("total_steps").none() = nb::none(), arg("epochs").none() = nb::none(),
          arg("steps_per_epoch").none() = nb::none(), arg("pct_start") = 0.3, arg("anneal_strategy") = "cos",
          arg("cycle_momentum") = true, arg("base_momentum") = 0.85, arg("max_momentum") = 0.95, arg("div_factor") = 25.0,
          arg("final_div_factor") = 1e4, arg("three_phase") = false, last());
  nb::class_<SequentialLR, LRScheduler>(s, "SequentialLR", "One schedule after another, changing at the milestones.")
      .def(nb::init<OptimizerPtr, SchedulerList, std::vector<int64_t>, int64_t>(), o, arg("schedulers"), arg("milestones"), last());
  nb::class_<ChainedScheduler, LRScheduler>(s, "ChainedScheduler", "Several schedules at once.")
      .def("__init__", [](ChainedScheduler* self, SchedulerList schedulers, nb::handle) {
        new (self) ChainedScheduler(std::move(schedulers));
      }, arg("schedulers"), arg("optimizer").none() = nb::none());
  nb::class_<ReduceLROnPlateau, LRScheduler>(s, "ReduceLROnPlateau", "Lowers the rate when a metric has stopped improving.")
      .def("__init__", [](ReduceLROnPlateau* self, OptimizerPtr optimizer, std::string mode, double factor, int64_t patience,
                          double threshold, std::string threshold_mode, int64_t cooldown, nb::handle min_lr, double eps) {
        new (self) ReduceLROnPlateau(std::move(optimizer), {std::move(mode), factor, patience, threshold, std::move(threshold_mode),
                                                            cooldown, numbers(min_lr), eps});
      }, o, arg("mode") = "min", arg("factor") = 0.1, arg("patience") = 10, arg("threshold") = 1e-4, arg("threshold_mode") = "rel",
          arg("cooldown") = 0, arg("min_lr") = 0.0, arg("eps") = 1e-8)
      .def("step", [](ReduceLROnPlateau& self, nb::handle metrics, nb::handle) {
        self.step(nb::cast<double>(nb::float_(metrics)));
      }, arg("metrics"), arg("epoch").none() = nb::none(), "Takes the metric of one more epoch.");
}

}  // namespace deepseek::python
