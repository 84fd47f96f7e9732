// Stacks of transformer layers, which are made from a layer that is copied.
#include "errors.h"
#include "nn.h"

#include "deepseek/nn/init.h"
#include "deepseek/nn/transformer.h"

namespace deepseek::python {
namespace {

template <class Stack>
void bind_stack(nb::module_& m, const char* name, const char* layer_name) {
  nb::class_<Stack, nn::Module>(m, name, nb::type_slots(collector_slots), Stack::doc)
      .def(
          "__init__",
          [name, layer_name](Stack* self, nb::object layer, int64_t num_layers, nb::object norm, bool, bool) {
            std::vector<Ref<nn::Module>> layers;
            nn::Module* last = norm.is_none() ? nullptr : module_of(norm.ptr());
            if (!norm.is_none() && !last)
              raise_type(name, ": norm must be a module, not a ", Py_TYPE(norm.ptr())->tp_name);
            if (!(layer.is_none() && nn::init::skip)) {
              if (!module_of(layer.ptr()))
                raise_type(name, ": ", layer_name, " must be a module, not a ", Py_TYPE(layer.ptr())->tp_name);
              ensure(num_layers >= 0, name, ": num_layers must not be negative, but is ", num_layers);
              nb::object copy = nb::module_::import_("copy").attr("deepcopy");
              for (int64_t i = 0; i < num_layers; ++i)
                layers.push_back(Ref<nn::Module>(module_of(nb::object(copy(layer)).ptr())));
            }
            new (self) Stack(layers, Ref<nn::Module>(last));
          },
          nb::arg(layer_name) = nb::none(), nb::arg("num_layers") = 1, nb::arg("norm") = nb::none(),
          nb::arg("enable_nested_tensor") = true, nb::arg("mask_check") = true,
          "Copies the layer `num_layers` times; the last two arguments are torch's and change nothing.");
}

}  // namespace

DEEPSEEK_BINDING(nn_transformer, 62) {
  bind_stack<nn::TransformerEncoder>(m, "TransformerEncoder", "encoder_layer");
  bind_stack<nn::TransformerDecoder>(m, "TransformerDecoder", "decoder_layer");
}

}  // namespace deepseek::python
