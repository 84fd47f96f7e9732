// Generation, which calls back into Python after each step.
#include "errors.h"
#include "gil.h"
#include "nn.h"
#include <nanobind/stl/optional.h>

#include "deepseek/models/gpt2.h"

namespace deepseek::python {
namespace {

models::GPT2LMHeadModel& gpt2_of(const char* what, nb::handle net) {
  auto* model = dynamic_cast<models::GPT2LMHeadModel*>(module_of(net.ptr()));
  if (!model) raise_type(what, ": the model must be a GPT2LMHeadModel, not a ", Py_TYPE(net.ptr())->tp_name);
  return *model;
}

}  // namespace

DEEPSEEK_BINDING(generate, 63) {
  using models::KeyValueCache;
  nb::class_<KeyValueCache>(m, "_KeyValueCache")
      .def("__init__",
           [](KeyValueCache* self, nb::handle net, int64_t batch, std::optional<int64_t> capacity) {
             const models::GPT2LMHeadModel& model = gpt2_of("KeyValueCache", net);
             new (self) KeyValueCache(model.make_cache(batch, capacity.value_or(model.config.n_positions)));
           },
           nb::arg("model"), nb::arg("batch"), nb::arg("capacity").none())
      .def_ro("capacity", &KeyValueCache::capacity, "The rows that there is room for.")
      .def_prop_rw(
          "length", [](const KeyValueCache& c) { return c.length; },
          [](KeyValueCache& c, int64_t length) {
            ensure(length >= 0 && length <= c.capacity, "KeyValueCache: length must be from 0 to the capacity ", c.capacity,
                   ", but is ", length);
            c.length = length;
          },
          "The rows that are filled. Less forgets the last ones.")
      .def_ro("keys", &KeyValueCache::keys, "Of each layer: (batch, heads, capacity, width of a head).")
      .def_ro("values", &KeyValueCache::values, "Shaped like the keys.");
  m.def("_gpt2_next_scores", [](nb::handle net, const Tensor& ids, KeyValueCache& cache) {
    return gpt2_of("next_scores", net).next_scores(ids, cache);
  });
  m.def(
      "_gpt2_generate",
      [](nb::handle net, const Tensor& ids, int64_t max_new_tokens, double temperature, int64_t top_k, double top_p,
         std::optional<int64_t> seed, std::optional<int64_t> end_token, nb::object on_tokens) {
        models::GenerateOptions o{.max_new_tokens = max_new_tokens,
                                  .temperature = temperature,
                                  .top_k = top_k,
                                  .top_p = top_p,
                                  .seed = seed,
                                  .end_token = end_token};
        if (!on_tokens.is_none()) {
          o.on_tokens = [&](const Tensor& tokens) {
            WithPython lock;
            nb::object result = on_tokens(tokens);
            return result.is_none() || nb::cast<bool>(result);
          };
        }
        return gpt2_of("generate", net).generate(ids, o);
      },
      nb::arg("net"), nb::arg("ids"), nb::arg("max_new_tokens"), nb::arg("temperature"), nb::arg("top_k"),
      nb::arg("top_p"), nb::arg("seed").none(), nb::arg("end_token").none(), nb::arg("on_tokens").none());
}

}  // namespace deepseek::python
