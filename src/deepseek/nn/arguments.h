// The arguments of a forward that takes several tensors and flags, matched by place and by name.
#pragma once
#include "deepseek/nn/module.h"

namespace deepseek::nn {

class Arguments {
 public:
  // `tensors` in the order of their places, the first `required` of which must be given; `flags` only by name.
  Arguments(const Module& module, std::initializer_list<std::string_view> tensors, size_t required,
            std::initializer_list<std::string_view> flags, const TensorList& inputs, const NamedArguments& named);
  std::optional<Tensor> tensor(size_t i) const { return tensors_[i].defined() ? std::optional(tensors_[i]) : std::nullopt; }
  const Tensor& operator[](size_t i) const { return tensors_[i]; }  // undefined when not given
  bool flag(size_t i) const { return flags_[i]; }

 private:
  TensorList tensors_;
  std::vector<bool> flags_;
};

}  // namespace deepseek::nn
