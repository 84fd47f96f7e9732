#include "deepseek/ops/loss/class_loss.h"

#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/loss/class_pick.h"

namespace deepseek {

Reduction parse_reduction(std::string_view op, const std::string& name) {
  if (name == "none") return Reduction::none;
  if (name == "mean") return Reduction::mean;
  if (name == "sum") return Reduction::sum;
  raise_value(op, ": reduction must be 'none', 'mean' or 'sum', but it is '", name, "'");
}

ClassArguments class_arguments(std::string_view op, const Tensor& input, const Tensor& target,
                               const std::optional<Tensor>& weight) {
  if (!is_floating_point(input.dtype())) raise_type(op, ": input must be floating point, but it is ", name_of(input.dtype()));
  if (!is_integral(target.dtype())) {
    raise_type(op, ": target must hold class numbers (int64), but it is ", name_of(target.dtype()), " ",
               to_string(target.shape()), " for input ", to_string(input.shape()));
  }
  ensure(input.rank() >= 1, op, ": input must be (classes) or (batch, classes, ...), but it is ", to_string(input.shape()));
  const bool single = input.rank() == 1;
  Shape wanted = input.shape();
  wanted.erase(single ? 0 : 1);
  ensure(target.shape() == wanted, op, ": input is ", to_string(input.shape()), ", so target must be ", to_string(wanted),
         ", but it is ", to_string(target.shape()));
  const int64_t classes = input.shape()[single ? 0 : 1];
  ensure(classes > 0 || target.numel() == 0, op, ": input ", to_string(input.shape()), " has no classes");
  if (weight) {
    ensure(weight->rank() == 1 && weight->shape()[0] == classes, op, ": weight must have one number for each of the ", classes,
           " classes, but it is ", to_string(weight->shape()));
    if (!is_floating_point(weight->dtype())) raise_type(op, ": weight must be floating point, but it is ",
                                                        name_of(weight->dtype()));
  }
  const Tensor classes_of = cast(target, DType::int64);
  return single ? ClassArguments{unsqueeze(input, 0), unsqueeze(classes_of, 0), true} :
      ClassArguments{input, classes_of, false};
}

Tensor class_column(const Tensor& weight, int rank) {
  Shape column = Dims::filled(rank, 1);
  column[1] = weight.numel();
  return reshape(weight, column);
}

Tensor target_weights(const Tensor& target, const Tensor* weight, int64_t classes, int64_t ignore, DType dtype) {
  if (!weight) return cast(target != ignore, dtype);
  Shape shape = target.shape();
  shape.insert(1, classes);
  return apply(ClassPick{.ignore = ignore}, expand(class_column(cast(*weight, dtype), shape.size()), shape), target);
}

}  // namespace deepseek
