#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/index/check.h"
#include "deepseek/ops/op.h"

namespace deepseek {
namespace {

// A kernel rather than a comparison with all classes, since a class out of range must raise.
struct OneHot : KernelOp {
  static constexpr OpInfo info{.name = "one_hot", .onnx = "OneHot", .tflite = "ONE_HOT"};
  static constexpr NotDifferentiable gradient{"classes are integers"};
  int64_t classes = 0;
  static constexpr auto attrs = std::tuple{&OneHot::classes};

  Spec infer(const Spec& in) const {
    Spec out = in;
    out.shape.push_back(classes);
    return out;
  }
  void cpu(const KernelArgs& a) const {
    const int64_t* in = a.in<int64_t>(0);
    int64_t* out = a.out<int64_t>();
    std::fill_n(out, a.out_spec().numel(), 0);
    for (int64_t i = 0, n = a.in_spec(0).numel(); i < n; ++i) {
      if (in[i] < 0 || in[i] >= classes) {
        raise_index("one_hot: class ", in[i], " is out of range for num_classes ", classes);
      }
      out[i * classes + in[i]] = 1;
    }
  }
};

}  // namespace

DEEPSEEK_FUNCTION(
    Tensor, one_hot, (const Tensor& tensor, int64_t num_classes DEFAULT(-1)),
    "int64 vectors of zeros with a one at the place that each integer names, along a new last dim. Without "
    "`num_classes` it is the largest integer plus one, which is computed at once.") {
  const Tensor index = index_tensor(tensor, "one_hot", "tensor");
  int64_t classes = num_classes;
  if (classes < 0) {
    ensure(classes == -1, "one_hot: num_classes must not be negative, but is ", classes);
    ensure(index.numel() > 0, "one_hot: give num_classes for a tensor without elements");
    classes = std::max<int64_t>(0, amax(index).item<int64_t>() + 1);
  }
  return apply(OneHot{.classes = classes}, index);
}
DEEPSEEK_FACTS(
    one_hot, .in = {"functional"},
    .reference = "numpy.eye(num_classes if num_classes >= 0 else int(tensor.max()) + 1, dtype=numpy.int64)[tensor]",
    .good = {"ints(5, high=4), 4", "ints(2, 3, high=5)", "numpy.array(2), 3", "ints(0), 3"},
    .bad = {"ints(3, low=3, high=6), 3", "ints(3, low=-3, high=-1), 3", "randn(3), 3", "ints(0)"});

}  // namespace deepseek
