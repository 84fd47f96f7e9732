// Layers that change shapes only.
#pragma once
#include "deepseek/nn/layer.h"

namespace deepseek::nn {

struct FlattenOptions {
  int64_t start_dim = 1;
  int64_t end_dim = -1;
  static constexpr auto fields =
      std::tuple{field("start_dim", &FlattenOptions::start_dim), field("end_dim", &FlattenOptions::end_dim)};
};
class Flatten : public Layer<FlattenOptions> {
 public:
  static constexpr const char* doc =
      "Joins the dims from start_dim to end_dim into one.\n\n"
      "Example:\n    >>> Flatten()(deepseek.randn(8, 3, 4, 4)).shape\n    (8, 48)";
  using Layer::Layer;
  Tensor forward(const Tensor& input) override;
};
DEEPSEEK_LAYER(Flatten);

struct UnflattenOptions {
  int64_t dim = 0;
  Sizes unflattened_size = {};
  static constexpr auto fields = std::tuple{field("dim", &UnflattenOptions::dim, required),
                                            field("unflattened_size", &UnflattenOptions::unflattened_size, required)};
};
class Unflatten : public Layer<UnflattenOptions> {
 public:
  static constexpr const char* doc =
      "Splits one dim into several.\n\n"
      "Example:\n    >>> Unflatten(1, (3, 16))(deepseek.randn(8, 48)).shape\n    (8, 3, 16)";
  using Layer::Layer;
  Tensor forward(const Tensor& input) override;
};
DEEPSEEK_LAYER(Unflatten);

struct PadOptions {
  Sizes padding = {};
  static constexpr auto fields = std::tuple{field("padding", &PadOptions::padding, required)};
};
struct ConstantPadOptions {
  Sizes padding = {};
  double value = 0;
  static constexpr auto fields =
      std::tuple{field("padding", &ConstantPadOptions::padding, required), field("value", &ConstantPadOptions::value, required)};
};

#define DEEPSEEK_PAD_LAYER(name, options, text)           \
  class name : public Layer<options> {                    \
   public:                                                \
    static constexpr const char* doc = text;              \
    using Layer::Layer;                                   \
    Tensor forward(const Tensor& input) override;         \
  }
#define DEEPSEEK_PAD_DOC "padding: one number, or (before, after) of the last dim, then of the one before it, and so on."

DEEPSEEK_PAD_LAYER(ZeroPad1d, PadOptions, "Zeros around (N, C, L). " DEEPSEEK_PAD_DOC);
DEEPSEEK_LAYER(ZeroPad1d);
DEEPSEEK_PAD_LAYER(ZeroPad2d, PadOptions, "Zeros around (N, C, H, W). " DEEPSEEK_PAD_DOC);
DEEPSEEK_LAYER(ZeroPad2d);
DEEPSEEK_PAD_LAYER(ZeroPad3d, PadOptions, "Zeros around (N, C, D, H, W). " DEEPSEEK_PAD_DOC);
DEEPSEEK_LAYER(ZeroPad3d);
DEEPSEEK_PAD_LAYER(ConstantPad1d, ConstantPadOptions, "A constant around (N, C, L). " DEEPSEEK_PAD_DOC);
DEEPSEEK_LAYER(ConstantPad1d);
DEEPSEEK_PAD_LAYER(ConstantPad2d, ConstantPadOptions, "A constant around (N, C, H, W). " DEEPSEEK_PAD_DOC);
DEEPSEEK_LAYER(ConstantPad2d);
DEEPSEEK_PAD_LAYER(ConstantPad3d, ConstantPadOptions, "A constant around (N, C, D, H, W). " DEEPSEEK_PAD_DOC);
DEEPSEEK_LAYER(ConstantPad3d);
DEEPSEEK_PAD_LAYER(ReflectionPad1d, PadOptions, "The border mirrored around (N, C, L). " DEEPSEEK_PAD_DOC);
DEEPSEEK_LAYER(ReflectionPad1d);
DEEPSEEK_PAD_LAYER(ReflectionPad2d, PadOptions, "The border mirrored around (N, C, H, W). " DEEPSEEK_PAD_DOC);
DEEPSEEK_LAYER(ReflectionPad2d);
DEEPSEEK_PAD_LAYER(ReflectionPad3d, PadOptions, "The border mirrored around (N, C, D, H, W). " DEEPSEEK_PAD_DOC);
DEEPSEEK_LAYER(ReflectionPad3d);
DEEPSEEK_PAD_LAYER(ReplicationPad1d, PadOptions, "The border repeated around (N, C, L). " DEEPSEEK_PAD_DOC);
DEEPSEEK_LAYER(ReplicationPad1d);
DEEPSEEK_PAD_LAYER(ReplicationPad2d, PadOptions, "The border repeated around (N, C, H, W). " DEEPSEEK_PAD_DOC);
DEEPSEEK_LAYER(ReplicationPad2d);
DEEPSEEK_PAD_LAYER(ReplicationPad3d, PadOptions, "The border repeated around (N, C, D, H, W). " DEEPSEEK_PAD_DOC);
DEEPSEEK_LAYER(ReplicationPad3d);
DEEPSEEK_PAD_LAYER(CircularPad1d, PadOptions, "The opposite border around (N, C, L). " DEEPSEEK_PAD_DOC);
DEEPSEEK_LAYER(CircularPad1d);
DEEPSEEK_PAD_LAYER(CircularPad2d, PadOptions, "The opposite border around (N, C, H, W). " DEEPSEEK_PAD_DOC);
DEEPSEEK_LAYER(CircularPad2d);
DEEPSEEK_PAD_LAYER(CircularPad3d, PadOptions, "The opposite border around (N, C, D, H, W). " DEEPSEEK_PAD_DOC);
DEEPSEEK_LAYER(CircularPad3d);

}  // namespace deepseek::nn
