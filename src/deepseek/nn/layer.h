// Bases of the library's layers: options that describe themselves, and widths learnt from the first input.
#pragma once
#include <atomic>

#include "deepseek/nn/module.h"
#include "deepseek/nn/option.h"

// Stands after a layer's struct: the build collects the names and binds each for Python. The struct needs a constructor from its
// options and `static constexpr const char* doc`.
#define DEEPSEEK_LAYER(name) static_assert(true)
// The same for whole networks, which Python finds in deepseek.models.
#define DEEPSEEK_MODEL(name) static_assert(true)

namespace deepseek::nn {

// A layer with options; NoOptions for layers that have none.
template <class O, class Base = Module>
class Layer : public Base {
 public:
  using LayerOptions = O;
  explicit Layer(O o = {}) : config(std::move(o)) {}
  Options options() const override { return options_of(config); }
  std::string extra_repr() const override { return option_text(options_of(config), describe_options<O>()); }

  O config;
};

struct NoOptions {
  static constexpr auto fields = std::tuple{};
};

// A layer whose parameters depend on the width of its input (features or channels). It learns the width at the first call and
// keeps to it.
class SizedLayer : public Module {
 public:
  bool built() const override { return width() >= 0; }
  int64_t width() const { return width_.load(std::memory_order_acquire); }  // -1 before the first call

 protected:
  // Builds at the first call; later inputs must have the same width. `dim` is where the width lies, `what` its plural name.
  void learn(const Tensor& input, int dim, std::string_view what);
  void set_width(int64_t width);
  virtual void build(int64_t width) = 0;

 private:
  std::atomic<int64_t> width_ = -1;  // set when the layer is built: several threads may make the first call
};

}  // namespace deepseek::nn
