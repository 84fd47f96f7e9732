// Modes of the thread, random state, threads, memory, types, autograd: the flat functions that the package's classes
// use.
#include "errors.h"
#include "gil.h"
#include "tensor.h"
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "deepseek/autograd/grad.h"
#include "deepseek/ops/promote.h"
#include "deepseek/runtime/parallel.h"

namespace deepseek::python {
namespace {

TensorList tensors_of(nb::handle o) {
  TensorList list;
  if (is_tensor(o.ptr())) return {tensor_of(o.ptr())};
  for (nb::handle item : o) {
    if (item.is_none()) {
      list.emplace_back();
    } else if (is_tensor(item.ptr())) {
      list.push_back(tensor_of(item.ptr()));
    } else {
      raise_type("expected tensors, but got ", Py_TYPE(item.ptr())->tp_name);
    }
  }
  return list;
}

}  // namespace

DEEPSEEK_BINDING(modes, 40) {
  m.def(
      "is_grad_enabled", [] { return modes.grad; }, "Whether ops are recorded for backward.");
  m.def(
      "is_inference_mode_enabled", [] { return modes.inference; }, "Whether results can never enter autograd.");
  m.def("swap_grad", [](bool on) { return std::exchange(modes.grad, on); });
  m.def("swap_inference", [](bool on) { return std::exchange(modes.inference, on); });
  m.def(
      "get_default_dtype", [] { return modes.default_dtype; }, "The element type of floats that say none.");
  m.def(
      "set_default_dtype",
      [](DType t) {
        if (!is_floating_point(t))
          raise_type("set_default_dtype: only float types can be the default, not ", name_of(t));
        modes.default_dtype = t;
      },
      nb::arg("dtype"), "Sets the element type of floats that say none.");
  m.def(
      "promote_types", [](DType a, DType b) { return promote(a, b); }, nb::arg("type1"), nb::arg("type2"),
      "The smallest type that both convert to.");
  m.def(
      "result_type",
      [](nb::handle a, nb::handle b) {
        Tensor x, y;
        if (!to_tensor(a.ptr(), &x) || !to_tensor(b.ptr(), &y)) raise_type("result_type: expected tensors or numbers");
        const Tensor* operands[] = {&x, &y};
        return result_type(operands);
      },
      nb::arg("tensor1"), nb::arg("tensor2"), "The type that an operation of both has.");
  m.def(
      "is_tensor", [](nb::handle o) { return is_tensor(o.ptr()); }, nb::arg("obj"), "Whether the object is a tensor.");

  m.def(
      "eval",
      [](nb::args args) {
        TensorList list;
        for (nb::handle o : args) {
          for (Tensor& t : tensors_of(o)) list.push_back(std::move(t));
        }
        evaluate(list);
      },
      "Computes the tensors, all in one plan.");
  m.def(
      "get_num_threads", [] { return num_threads(); }, "How many threads kernels use.");
  m.def(
      "set_num_threads",
      [](int n) {
        ensure(n >= 1, "set_num_threads: at least 1 thread is needed, but ", n, " were asked for");
        set_num_threads(n);
      },
      nb::arg("num"), "Sets how many threads kernels use; results do not depend on it.");

  m.def("memory_stats", [] {
    const MemoryStats s = memory_stats();
    nb::dict d;
    d["in_use"] = s.in_use;
    d["cached"] = s.cached;
    d["peak"] = s.peak;
    return d;
  });
  m.def("reset_peak_memory", [] { reset_peak_memory(); });
  m.def("release_cached_memory", [] { release_cached_memory(); });
}

DEEPSEEK_BINDING(autograd, 42) {
  m.def(
      "backward",
      [](nb::handle tensors, nb::handle gradients, bool retain, bool create, nb::handle inputs) {
        autograd::backward(tensors_of(tensors), gradients.is_none() ? TensorList() : tensors_of(gradients), retain,
                           create, inputs.is_none() ? TensorList() : tensors_of(inputs));
      },
      nb::arg().none(), nb::arg().none(), nb::arg(), nb::arg(), nb::arg().none());
  m.def(
      "grad",
      [](nb::handle outputs, nb::handle inputs, nb::handle gradients, std::optional<bool> retain, bool create,
         bool unused) {
        const TensorList result =
            autograd::grad(tensors_of(outputs), tensors_of(inputs),
                           gradients.is_none() ? TensorList() : tensors_of(gradients), retain, create, unused);
        nb::list list;
        for (const Tensor& t : result) list.append(nb::cast(t));
        return nb::tuple(list);
      },
      nb::arg().none(), nb::arg().none(), nb::arg().none(), nb::arg().none(), nb::arg(), nb::arg());
  m.def("set_detect_anomaly", [](bool on) { autograd::set_detect_anomaly(on); });
  m.def("is_anomaly_enabled", [] { return anomaly_mode.load(); });
  m.def("custom_function", [](const std::string& name, nb::handle inputs, nb::handle outputs, nb::callable backward) {
    const TensorList result =
        autograd::custom_function(name, tensors_of(inputs), tensors_of(outputs),
                                  [call = SharedObject(std::move(backward))](const TensorList& gradients) {
                                    WithPython python;
                                    nb::list list;
                                    for (const Tensor& g : gradients) list.append(nb::cast(g));
                                    return tensors_of(call.handle()(nb::tuple(list)));
                                  });
    nb::list list;
    for (const Tensor& t : result) list.append(nb::cast(t));
    return nb::tuple(list);
  });
}

}  // namespace deepseek::python
