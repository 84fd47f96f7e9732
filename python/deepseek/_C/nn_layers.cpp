// One Python class for each layer of the library, found by the DEEPSEEK_LAYER lines of the headers.
#include "deepseek/nn.h"

#include "errors.h"
#include "nn.h"

namespace deepseek::python {

PyObject* option_value(const Argument& a) {
  if (const auto* d = std::get_if<Dims>(&a)) return d->empty() ? nb::none().release().ptr() : wrap(*d);
  if (const auto* t = std::get_if<Tensor>(&a)) return wrap(*t);
  if (const auto* p = std::get_if<Padding>(&a); p && p->mode.empty()) return wrap(p->sizes);
  return to_python(a);
}

std::vector<Argument> layer_arguments(const char* layer, const std::vector<nn::OptionInfo>& info, const nb::args& args,
                                      const nb::kwargs& kwargs) {
  std::vector<Argument> out(info.size());
  std::vector<bool> given(info.size(), false);
  auto set = [&](size_t i, nb::handle value) {
    const nn::OptionInfo& o = info[i];
    Parameter p{};
    p.text = o.name, p.kind = o.kind, p.optional = o.optional, p.has_default = o.use != nn::required, p.standard = o.value;
    // torch also takes the function itself, such as nn.functional.gelu.
    const bool by_function = o.name == "activation" && PyCallable_Check(value.ptr()) && nb::hasattr(value, "__name__");
    const nb::object given_value = by_function ? nb::object(value.attr("__name__")) : nb::borrow(value);
    if (!convert(p, given_value.ptr(), &out[i])) {
      static constexpr const char* kinds[] = {"a tensor", "tensors", "an int", "a number", "a bool", "a str", "a dtype",
                                              "an int or ints", "an int, ints, 'same' or 'valid'"};
      raise_type(layer, ": ", o.name, " must be ", kinds[static_cast<int>(o.kind)], ", not ", nb::repr(value).c_str());
    }
    given[i] = true;
  };
  size_t positional = 0;
  while (positional < info.size() && info[positional].use != nn::keyword_only) ++positional;
  if (args.size() > positional) {
    raise_type(layer, ": takes ", positional, " positional arguments, but ", args.size(), " are given",
               positional < info.size() ? concat(" (", info[positional].name, " is given by keyword)") : "");
  }
  for (size_t i = 0; i < args.size(); ++i) set(i, args[i]);
  for (auto [key, value] : kwargs) {
    const std::string name = nb::cast<nb::str>(key).c_str();
    size_t i = 0;
    while (i < info.size() && info[i].name != name) ++i;
    if (i == info.size()) {
      if (name == "device" && value.is_none()) continue;
      std::string known;
      for (const auto& o : info) known += (known.empty() ? "" : ", ") + std::string(o.name);
      raise_type(layer, ": there is no argument '", name, "'; there are: ", known);
    }
    if (given[i]) raise_type(layer, ": ", name, " is given twice");
    set(i, value);
  }
  for (size_t i = 0; i < info.size(); ++i) {
    if (given[i]) continue;
    if (info[i].use == nn::required) raise_type(layer, ": ", info[i].name, " must be given");
    out[i] = info[i].value;
  }
  return out;
}

std::string layer_signature(const std::vector<nn::OptionInfo>& info) {
  static constexpr const char* types[] = {"deepseek.Tensor", "collections.abc.Sequence[deepseek.Tensor]", "int", "float", "bool", "str",
                                          "deepseek.dtype", "int | collections.abc.Sequence[int]",
                                          "int | collections.abc.Sequence[int] | str", "float | str",
                                          "int | collections.abc.Sequence[int]"};
  std::string out = "def __init__(self";
  bool star = false;
  for (const nn::OptionInfo& o : info) {
    if (o.use == nn::keyword_only && !star) out += ", *", star = true;
    out += concat(", ", o.name, ": ", types[static_cast<int>(o.kind)], o.optional ? " | None" : "");
    const auto* dims = std::get_if<Dims>(&o.value);
    if (o.use != nn::required) out += " = " + (dims && dims->empty() ? std::string("None") : nn::to_text(o.value));
  }
  return out + ") -> None";
}

namespace {

template <class L>
void bind_layer(nb::module_& m, const char* name) {
  using Options = typename L::LayerOptions;
  static const auto& info = *new std::vector<nn::OptionInfo>(nn::describe_options<Options>());
  static const std::string& signature = *new std::string(layer_signature(info));
  static const char* layer = name;
  nb::class_<L, nn::Module>(m, name, nb::type_slots(collector_slots), L::doc)
      .def("__init__", [](L* self, nb::args args, nb::kwargs kwargs) {
        new (self) L(nn::options_from<Options>(layer_arguments(layer, info, args, kwargs)));
      }, nb::sig(signature.c_str()));
}

}  // namespace

DEEPSEEK_BINDING(nn_layers, 61) {
  using namespace deepseek::nn;
  using namespace deepseek::models;
  nb::list layers, models;
#define DEEPSEEK_BIND_LAYER(name) \
  bind_layer<name>(m, #name);     \
  layers.append(#name);
#define DEEPSEEK_BIND_MODEL(name) \
  bind_layer<name>(m, #name);     \
  models.append(#name);
#include "deepseek/nn_layers.inc"
  m.attr("layer_names") = layers;
  m.attr("model_names") = models;
}

}  // namespace deepseek::python
