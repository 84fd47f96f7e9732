// deepseek.optim: optimisers, parameter groups and gradient clipping.
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include "deepseek/optim/clip.h"
#include "deepseek/optim/optimizers.h"
#include "errors.h"
#include "tensor.h"
#include "tree.h"

namespace deepseek::python {
namespace {

using namespace optim;
using Betas = std::pair<double, double>;

Tensor to_param(nb::handle o) {
  if (PyTuple_Check(o.ptr()) && PyTuple_GET_SIZE(o.ptr()) == 2) return to_param(o[1]);  // an item of named_parameters()
  if (!is_tensor(o.ptr())) raise_type("an optimizer's parameters must be tensors, but one is ", Py_TYPE(o.ptr())->tp_name);
  return tensor_of(o.ptr());
}

TensorList to_params(nb::handle o) {
  if (is_tensor(o.ptr())) return {tensor_of(o.ptr())};
  TensorList out;
  for (nb::handle p : nb::iter(o)) out.push_back(to_param(p));
  return out;
}

ParamGroup to_group(nb::handle o) {
  ParamGroup group;
  bool found = false;
  for (nb::handle item : nb::steal(checked(PyMapping_Items(o.ptr())))) {
    const std::string key = nb::cast<std::string>(item[0]);
    if (key == "params") {
      found = true;
      group.params = to_params(item[1]);
    } else {
      group.set(key, to_tree(item[1], key));
    }
  }
  ensure(found, "a parameter group needs the entry 'params'");
  return group;
}

std::vector<ParamGroup> to_groups(nb::handle o) {
  if (is_tensor(o.ptr())) raise_type("an optimizer needs a list of tensors or of dicts, but got one tensor");
  std::vector<ParamGroup> groups;
  TensorList params;
  for (nb::handle p : nb::iter(o)) {
    if (nb::isinstance<nb::dict>(p)) groups.push_back(to_group(p));
    else params.push_back(to_param(p));
  }
  if (!params.empty()) {
    if (!groups.empty()) raise_type("an optimizer needs a list of tensors or of dicts, but got both");
    groups = one_group(params);
  }
  return groups;
}

// A user's own optimiser: step() is written in Python, its state is a Python dict.
class PythonOptimizer : public Optimizer {
 public:
  PythonOptimizer(std::vector<ParamGroup> groups, Options defaults) : Optimizer(std::move(groups), std::move(defaults)) {
    state = nb::module_::import_("collections").attr("defaultdict")(nb::handle(reinterpret_cast<PyObject*>(&PyDict_Type)));
  }
  nb::object state;
};

nb::object params_of(const ParamGroup& g) {
  nb::list out;
  for (const Tensor& p : g.params) out.append(nb::cast(p));
  return out;
}

nb::object option(const ParamGroup& g, const std::string& key) {
  if (key == "params") return params_of(g);
  auto it = g.options.find(key);
  if (it == g.options.end()) raise(ErrorKind::key, "the parameter group has no option '" + key + "'");
  return from_tree(it->second);
}

nb::dict group_dict(const ParamGroup& g) {
  nb::dict d;
  d["params"] = params_of(g);
  for (const auto& [key, value] : g.options) d[key.c_str()] = from_tree(value);
  return d;
}

template <class F>
void for_params(const Optimizer& o, F&& f) {
  int64_t i = 0;
  for (const auto& g : o.param_groups()) {
    for (const Tensor& p : g->params) f(i++, p);
  }
}

nb::object state_of(Optimizer& o) {
  if (auto* p = dynamic_cast<PythonOptimizer*>(&o)) return p->state;
  nb::dict out;
  const Tree states = o.state_dict().at("state", "state");
  for_params(o, [&](int64_t i, const Tensor& p) {
    if (const Tree* s = states.find(i)) out[nb::cast(p)] = from_tree(*s);
  });
  return out;
}

nb::object state_dict(Optimizer& o) {
  Tree t = o.state_dict();
  if (auto* p = dynamic_cast<PythonOptimizer*>(&o)) {
    Tree states = TreeDict{};
    for_params(o, [&](int64_t i, const Tensor& param) {
      const nb::object key = nb::cast(param);
      if (p->state.attr("__contains__")(key).ptr() == Py_True) states.set(i, to_tree(p->state[key], "state"));
    });
    t.set("state", std::move(states));
  }
  return from_tree(t);
}

void load_state_dict(Optimizer& o, nb::handle dict) {
  const Tree t = to_tree(dict, "state_dict");
  o.load_state_dict(t);
  auto* p = dynamic_cast<PythonOptimizer*>(&o);
  if (!p) return;
  p->state.attr("clear")();
  const Tree& states = t.at("state", "state_dict");
  for_params(o, [&](int64_t i, const Tensor& param) {
    if (const Tree* s = states.find(i)) p->state[nb::cast(param)] = from_tree(*s);
  });
}

nb::object step(Optimizer& o, nb::handle closure) {
  nb::object loss = nb::none();
  if (!closure.is_none()) {
    EnableGradGuard grad;
    loss = closure();
  }
  o.step();
  return loss;
}

void bind_group(nb::module_& m) {
  nb::class_<ParamGroup>(m, "ParamGroup", "The parameters and options of a group; reads and writes like a dict.")
      .def("__getitem__", &option)
      .def("__setitem__", [](ParamGroup& g, const std::string& key, nb::handle v) {
        ensure(key != "params", "the parameters of a group cannot be replaced; use add_param_group");
        g.set(key, to_tree(v, key));
      }, nb::arg("key"), nb::arg("value").none())
      .def("__contains__", [](const ParamGroup& g, const std::string& key) { return key == "params" || g.has(key); })
      .def("__len__", [](const ParamGroup& g) { return g.options.size() + 1; })
      .def("__iter__", [](const ParamGroup& g) { return nb::iter(group_dict(g)); })
      .def("keys", [](const ParamGroup& g) { return group_dict(g).keys(); })
      .def("values", [](const ParamGroup& g) { return group_dict(g).values(); })
      .def("items", [](const ParamGroup& g) { return group_dict(g).items(); })
      .def("get", [](const ParamGroup& g, const std::string& key, nb::object fallback) {
        return key == "params" || g.has(key) ? option(g, key) : fallback;
      }, nb::arg("key"), nb::arg("default").none() = nb::none())
      .def("setdefault", [](ParamGroup& g, const std::string& key, nb::object v) {
        if (key != "params" && !g.has(key)) g.set(key, to_tree(v, key));
        return option(g, key);
      }, nb::arg("key"), nb::arg("default").none() = nb::none())
      .def("__repr__", [](const ParamGroup& g) { return nb::repr(group_dict(g)); });
}

void bind_base(nb::module_& m) {
  nb::class_<Optimizer, PythonOptimizer>(m, "Optimizer", nb::dynamic_attr(), nb::is_weak_referenceable(),
      "Base of all optimisers. A subclass calls __init__(params, defaults) and defines step().")
      .def("__init__", [](nb::pointer_and_handle<Optimizer> self, nb::handle params, nb::handle defaults) {
        const Tree t = to_tree(defaults, "defaults");
        Options options;
        const TreeDict& d = t.dict("defaults");
        for (size_t i = 0; i < d.keys.size(); ++i) options[std::get<std::string>(d.keys[i])] = d.values[i];
        new (static_cast<void*>(self.p)) PythonOptimizer(to_groups(params), std::move(options));
      }, nb::arg("params"), nb::arg("defaults"))
      .def("step", &step, nb::arg("closure").none() = nb::none(),
           "Updates every parameter that has a gradient and computes everything pending.")
      .def("zero_grad", &Optimizer::zero_grad, nb::arg("set_to_none") = true, "Forgets the gradients, or sets them to zero.")
      .def("add_param_group", [](Optimizer& o, nb::handle g) { o.add_param_group(to_group(g)); }, nb::arg("param_group"),
           "Adds a group: a dict with 'params' and options that differ from the defaults.")
      .def("state_dict", &state_dict, "State and options as nested dicts, in torch's shape; deepseek.save stores it.")
      .def("load_state_dict", &load_state_dict, nb::arg("state_dict"), "Takes over what state_dict() returned.")
      .def_prop_ro("param_groups", [](nb::object self) {
        nb::list out;
        for (const auto& g : nb::cast<Optimizer&>(self).param_groups()) {
          out.append(nb::cast(g.get(), nb::rv_policy::reference_internal, self));
        }
        return out;
      }, "The parameter groups.")
      .def_prop_ro("state", &state_of, "What is remembered about each parameter.")
      .def_prop_ro("defaults", [](const Optimizer& o) {
        nb::dict d;
        for (const auto& [key, value] : o.defaults()) d[key.c_str()] = from_tree(value);
        return d;
      }, "The options of groups that do not state their own.")
      .def("__repr__", [](nb::handle self) {
        const std::string text = nb::cast<Optimizer&>(self).repr();
        return std::string(Py_TYPE(self.ptr())->tp_name).substr(std::string(Py_TYPE(self.ptr())->tp_name).rfind('.') + 1) +
               text.substr(text.find(' '));
      });
}

}  // namespace

// Arguments of torch that choose between equal implementations are accepted and have no effect.
#define DEEPSEEK_CHOICES                                                                              \
  nb::arg("foreach").none() = nb::none(), nb::arg("capturable") = false, nb::arg("differentiable") = false, \
      nb::arg("fused").none() = nb::none()
#define DEEPSEEK_CHOICE_PARAMS nb::handle, bool, bool differentiable, nb::handle
#define DEEPSEEK_CHECK_CHOICES(name) ensure(!differentiable, name, ": differentiable=True is not supported")

DEEPSEEK_BINDING(optim, 60) {
  nb::module_ o = m.def_submodule("optim");
  bind_group(o);
  bind_base(o);
  using nb::arg;
  nb::class_<SGD, Optimizer>(o, "SGD", "Stochastic gradient descent with momentum.")
      .def("__init__", [](SGD* self, nb::handle params, double lr, double momentum, double dampening, double weight_decay, bool nesterov,
                          bool maximize, DEEPSEEK_CHOICE_PARAMS) {
        DEEPSEEK_CHECK_CHOICES("SGD");
        new (self) SGD(to_groups(params), {lr, momentum, dampening, weight_decay, nesterov, maximize});
      }, arg("params"), arg("lr") = 1e-3, arg("momentum") = 0.0, arg("dampening") = 0.0, arg("weight_decay") = 0.0,
          arg("nesterov") = false, nb::kw_only(), arg("maximize") = false, DEEPSEEK_CHOICES);
  nb::class_<Adam, Optimizer>(o, "Adam", "Adam: steps scaled by running means of the gradient and its square.")
      .def("__init__", [](Adam* self, nb::handle params, double lr, Betas betas, double eps, double weight_decay, bool amsgrad,
                          bool maximize, DEEPSEEK_CHOICE_PARAMS) {
        DEEPSEEK_CHECK_CHOICES("Adam");
        new (self) Adam(to_groups(params), {lr, betas, eps, weight_decay, amsgrad, maximize});
      }, arg("params"), arg("lr") = 1e-3, arg("betas") = Betas(0.9, 0.999), arg("eps") = 1e-8, arg("weight_decay") = 0.0,
          arg("amsgrad") = false, nb::kw_only(), arg("maximize") = false, DEEPSEEK_CHOICES);
  nb::class_<AdamW, Optimizer>(o, "AdamW", "Adam with weight decay apart from the gradient.")
      .def("__init__", [](AdamW* self, nb::handle params, double lr, Betas betas, double eps, double weight_decay, bool amsgrad,
                          bool maximize, DEEPSEEK_CHOICE_PARAMS) {
        DEEPSEEK_CHECK_CHOICES("AdamW");
        new (self) AdamW(to_groups(params), {lr, betas, eps, weight_decay, amsgrad, maximize});
      }, arg("params"), arg("lr") = 1e-3, arg("betas") = Betas(0.9, 0.999), arg("eps") = 1e-8, arg("weight_decay") = 1e-2,
          arg("amsgrad") = false, nb::kw_only(), arg("maximize") = false, DEEPSEEK_CHOICES);
  nb::class_<RMSprop, Optimizer>(o, "RMSprop", "Steps scaled by a running mean of the squared gradient.")
      .def("__init__", [](RMSprop* self, nb::handle params, double lr, double alpha, double eps, double weight_decay, double momentum,
                          bool centered, bool maximize, DEEPSEEK_CHOICE_PARAMS) {
        DEEPSEEK_CHECK_CHOICES("RMSprop");
        new (self) RMSprop(to_groups(params), {lr, alpha, eps, weight_decay, momentum, centered, maximize});
      }, arg("params"), arg("lr") = 1e-2, arg("alpha") = 0.99, arg("eps") = 1e-8, arg("weight_decay") = 0.0, arg("momentum") = 0.0,
          arg("centered") = false, nb::kw_only(), arg("maximize") = false, DEEPSEEK_CHOICES);
  nb::class_<Adagrad, Optimizer>(o, "Adagrad", "Steps scaled by the sum of all squared gradients.")
      .def("__init__", [](Adagrad* self, nb::handle params, double lr, double lr_decay, double weight_decay, double initial, double eps,
                          bool maximize, DEEPSEEK_CHOICE_PARAMS) {
        DEEPSEEK_CHECK_CHOICES("Adagrad");
        new (self) Adagrad(to_groups(params), {lr, lr_decay, weight_decay, initial, eps, maximize});
      }, arg("params"), arg("lr") = 1e-2, arg("lr_decay") = 0.0, arg("weight_decay") = 0.0, arg("initial_accumulator_value") = 0.0,
          arg("eps") = 1e-10, nb::kw_only(), arg("maximize") = false, DEEPSEEK_CHOICES);
  nb::class_<Adadelta, Optimizer>(o, "Adadelta", "Steps scaled by running means of squared gradients and squared steps.")
      .def("__init__", [](Adadelta* self, nb::handle params, double lr, double rho, double eps, double weight_decay, bool maximize,
                          DEEPSEEK_CHOICE_PARAMS) {
        DEEPSEEK_CHECK_CHOICES("Adadelta");
        new (self) Adadelta(to_groups(params), {lr, rho, eps, weight_decay, maximize});
      }, arg("params"), arg("lr") = 1.0, arg("rho") = 0.9, arg("eps") = 1e-6, arg("weight_decay") = 0.0, nb::kw_only(),
          arg("maximize") = false, DEEPSEEK_CHOICES);
  nb::class_<Adamax, Optimizer>(o, "Adamax", "Adam with the largest gradient in place of the mean square.")
      .def("__init__", [](Adamax* self, nb::handle params, double lr, Betas betas, double eps, double weight_decay, bool maximize,
                          DEEPSEEK_CHOICE_PARAMS) {
        DEEPSEEK_CHECK_CHOICES("Adamax");
        new (self) Adamax(to_groups(params), {lr, betas, eps, weight_decay, maximize});
      }, arg("params"), arg("lr") = 2e-3, arg("betas") = Betas(0.9, 0.999), arg("eps") = 1e-8, arg("weight_decay") = 0.0,
          nb::kw_only(), arg("maximize") = false, DEEPSEEK_CHOICES);
  nb::class_<NAdam, Optimizer>(o, "NAdam", "Adam with Nesterov's momentum.")
      .def("__init__", [](NAdam* self, nb::handle params, double lr, Betas betas, double eps, double weight_decay, double momentum_decay,
                          bool decoupled, bool maximize, DEEPSEEK_CHOICE_PARAMS) {
        DEEPSEEK_CHECK_CHOICES("NAdam");
        new (self) NAdam(to_groups(params), {lr, betas, eps, weight_decay, momentum_decay, decoupled, maximize});
      }, arg("params"), arg("lr") = 2e-3, arg("betas") = Betas(0.9, 0.999), arg("eps") = 1e-8, arg("weight_decay") = 0.0,
          arg("momentum_decay") = 4e-3, arg("decoupled_weight_decay") = false, nb::kw_only(), arg("maximize") = false, DEEPSEEK_CHOICES);
  nb::class_<RAdam, Optimizer>(o, "RAdam", "Adam whose scaling sets in when the variance of the steps is known.")
      .def("__init__", [](RAdam* self, nb::handle params, double lr, Betas betas, double eps, double weight_decay, bool decoupled,
                          bool maximize, DEEPSEEK_CHOICE_PARAMS) {
        DEEPSEEK_CHECK_CHOICES("RAdam");
        new (self) RAdam(to_groups(params), {lr, betas, eps, weight_decay, decoupled, maximize});
      }, arg("params"), arg("lr") = 1e-3, arg("betas") = Betas(0.9, 0.999), arg("eps") = 1e-8, arg("weight_decay") = 0.0,
          arg("decoupled_weight_decay") = false, nb::kw_only(), arg("maximize") = false, DEEPSEEK_CHOICES);
  nb::class_<Lion, Optimizer>(o, "Lion", "Steps by the sign of an interpolated momentum.")
      .def("__init__", [](Lion* self, nb::handle params, double lr, Betas betas, double weight_decay, bool maximize) {
        new (self) Lion(to_groups(params), {lr, betas, weight_decay, maximize});
      }, arg("params"), arg("lr") = 1e-4, arg("betas") = Betas(0.9, 0.99), arg("weight_decay") = 0.0, nb::kw_only(),
          arg("maximize") = false);

  o.def("clip_grad_norm_", [](nb::handle params, double max_norm, double norm_type, bool error_if_nonfinite) {
    return nn::utils::clip_grad_norm_(to_params(params), max_norm, norm_type, error_if_nonfinite);
  }, arg("parameters"), arg("max_norm"), arg("norm_type") = 2.0, arg("error_if_nonfinite") = false,
        "Scales all gradients by one factor so that their common norm is at most max_norm; returns the norm before.");
  o.def("clip_grad_value_", [](nb::handle params, double v) { nn::utils::clip_grad_value_(to_params(params), v); },
        arg("parameters"), arg("clip_value"), "Limits every entry of the gradients to [-clip_value, clip_value].");
  o.def("get_total_norm", [](nb::handle tensors, double norm_type, bool error_if_nonfinite) {
    return nn::utils::get_total_norm(to_params(tensors), norm_type, error_if_nonfinite);
  }, arg("tensors"), arg("norm_type") = 2.0, arg("error_if_nonfinite") = false, "The norm over all entries of all tensors.");
}

}  // namespace deepseek::python
