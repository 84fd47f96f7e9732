// deepseek.amp: the modes of autocast, and the scaler's arithmetic.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>

#include "deepseek/amp/autocast.h"
#include "deepseek/amp/grad_scaler.h"
#include "errors.h"
#include "tensor.h"
#include "tree.h"

namespace deepseek::python {
namespace {

using amp::GradScaler;
using State = std::tuple<bool, bool, DType>;

State state_of(const Autocast& a) { return {a.on, a.cache, a.dtype}; }
Autocast from_state(const State& s) { return {std::get<0>(s), std::get<1>(s), std::get<2>(s)}; }

}  // namespace

DEEPSEEK_BINDING(amp, 61) {
  nb::module_ a = m.def_submodule("amp");
  a.def("autocast_state", [](DType dtype, bool enabled, bool cache) { return state_of(amp::checked_autocast(dtype, enabled, cache)); });
  a.def("current_autocast", [] { return state_of(autocast_mode); });
  a.def("enter_autocast", [](const State& inner) { return state_of(amp::enter_autocast(from_state(inner))); });
  a.def("leave_autocast", [](const State& outer) { amp::leave_autocast(from_state(outer)); });
  a.def("is_autocast_enabled", &amp::is_autocast_enabled, "Whether ops choose their types by autocast.");
  a.def("get_autocast_dtype", &amp::get_autocast_dtype, "The type in which autocast computes products.");
  a.def("is_bf16_supported", &amp::is_bf16_supported,
        "Whether the processor multiplies bfloat16 itself (AVX512-BF16 or AMX). Autocast works without, and then saves memory only.");
  a.def("is_fp16_supported", &amp::is_fp16_supported,
        "Whether the processor multiplies float16 itself (AVX512-FP16). Autocast works without, and then saves memory only.");

  nb::class_<GradScaler>(a, "GradScaler", "Scales a loss up and its gradients down, so that float16 does not lose them.")
      .def("__init__",
           [](GradScaler* self, double scale, double growth, double backoff, int64_t interval, bool enabled) {
             new (self) GradScaler({scale, growth, backoff, interval, enabled});
           },
           nb::arg("init_scale"), nb::arg("growth_factor"), nb::arg("backoff_factor"), nb::arg("growth_interval"), nb::arg("enabled"))
      .def("_scale", [](const GradScaler& s, const Tensor& t) { return s.scale(t); }, nb::arg("outputs"))
      .def("unscale_", &GradScaler::unscale_, nb::arg("optimizer"), "Takes the scale off the gradients of the optimizer's parameters.")
      .def("_may_step", &GradScaler::may_step, nb::arg("optimizer"))
      .def("update", &GradScaler::update, nb::arg("new_scale") = nb::none(),
           "Sets the scale, or moves it by what the steps since the last update met.")
      .def("get_scale", &GradScaler::get_scale, "The scale; 1 when the scaler is not enabled.")
      .def("is_enabled", &GradScaler::is_enabled, "Whether the scaler does anything.")
      .def("get_growth_factor", [](const GradScaler& s) { return s.options().growth_factor; })
      .def("get_backoff_factor", [](const GradScaler& s) { return s.options().backoff_factor; })
      .def("get_growth_interval", [](const GradScaler& s) { return s.options().growth_interval; })
      .def("set_growth_factor", &GradScaler::set_growth_factor, nb::arg("new_factor"))
      .def("set_backoff_factor", &GradScaler::set_backoff_factor, nb::arg("new_factor"))
      .def("set_growth_interval", &GradScaler::set_growth_interval, nb::arg("new_interval"))
      .def("state_dict", [](const GradScaler& s) { return from_tree(s.state_dict()); }, "The scale and its rules as a dict; empty when not enabled.")
      .def("load_state_dict", [](GradScaler& s, nb::handle dict) { s.load_state_dict(to_tree(dict, "state_dict")); },
           nb::arg("state_dict"), "Takes over what state_dict() returned.");
}

}  // namespace deepseek::python
