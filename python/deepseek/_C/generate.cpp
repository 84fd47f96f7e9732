// Generation, which calls back into Python after each step.
#include "errors.h"
#include "gil.h"
#include "nn.h"
#include <nanobind/stl/optional.h>

#include "deepseek/models/gpt2.h"

namespace deepseek::python {

DEEPSEEK_BINDING(generate, 63) {
  m.def(
      "_gpt2_generate",
      [](nb::handle net, const Tensor& ids, int64_t max_new_tokens, double temperature, int64_t top_k, double top_p,
         std::optional<int64_t> seed, std::optional<int64_t> end_token, nb::object on_tokens) {
        auto* model = dynamic_cast<models::GPT2LMHeadModel*>(module_of(net.ptr()));
        if (!model) raise_type("generate: the model must be a GPT2LMHeadModel, not a ", Py_TYPE(net.ptr())->tp_name);
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
        return model->generate(ids, o);
      },
      nb::arg("net"), nb::arg("ids"), nb::arg("max_new_tokens"), nb::arg("temperature"), nb::arg("top_k"),
      nb::arg("top_p"), nb::arg("seed").none(), nb::arg("end_token").none(), nb::arg("on_tokens").none());
}

}  // namespace deepseek::python
