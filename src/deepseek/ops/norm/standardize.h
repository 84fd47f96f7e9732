// The arithmetic that layer, group, instance, batch and RMS norm share: centre and scale over some dims, then an affine map.
#pragma once
#include "deepseek/ops/op.h"

namespace deepseek {

struct StandardizeBase : Composite {
  Dims dims;             // normalised over; sorted
  double eps = 1e-5;
  bool centre = true;    // false: RMS norm, which keeps the mean
  int channel_dim = -1;  // weight and bias are (size of that dim); -1: they are the trailing dims

 protected:
  Tensor column(const Tensor& parameter, int rank) const;  // broadcasts along the channel dim
  Tensor keep(const Tensor& statistic, const Shape& x) const;  // (kept dims) with the reduced dims as ones
  double count(const Shape& x) const;
  // Whether the map is one slope and shift per channel, and the channels are not rows in memory: what is then left for every
  // element depends on the sums alone, so that no pass has to write deviations for the next one.
  bool per_channel(const Shape& x, bool weight) const;
  // The gradient of a parameter: summed over everything that it broadcasts to.
  Tensor parameter_sum(const Tensor& g, const Spec& parameter) const;
};

// x [, weight [, bias]] -> y, mean, variance. The statistics have the kept dims and at least float32; the variance is divided by
// the count; where not centred they are zero and the mean square.
struct Standardize : StandardizeBase {
  static constexpr OpInfo info{.name = "standardize"};
  static constexpr auto attrs =
      std::tuple{&Standardize::dims, &Standardize::eps, &Standardize::centre, &Standardize::channel_dim};
  void infer(Specs in, std::vector<Spec>& out) const;
  void expand(const TensorList& in, TensorList& out) const;
  void gradient(Grad& g) const;

 private:
  Tensor statistics_gradient(const Grad& g) const;
};

// gradient of y, x, mean, variance [, weight] -> one of the gradients of x, weight and bias. Each is a node of its own, so that
// keeping a parameter's gradient does not keep that of x; what they share is computed once.
struct StandardizeBackward : StandardizeBase {
  static constexpr OpInfo info{.name = "standardize_backward"};
  static constexpr Saves saves = Saves::inputs;
  enum Part : int { of_input, of_weight, of_bias };
  int part = of_input;
  static constexpr auto attrs = std::tuple{&StandardizeBackward::dims, &StandardizeBackward::eps, &StandardizeBackward::centre,
                                           &StandardizeBackward::channel_dim, &StandardizeBackward::part};
  Spec infer(Specs in) const;
  void expand(const TensorList& in, TensorList& out) const;
  void gradient(Grad& g) const;
};

// Applies the op; a bias without a weight is added after it.
TensorList standardize(const Standardize& op, const Tensor& x, const std::optional<Tensor>& weight, const std::optional<Tensor>& bias);

}  // namespace deepseek
