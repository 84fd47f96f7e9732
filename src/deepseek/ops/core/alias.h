// The same value under another node: where a tape starts or ends.
#pragma once
#include "deepseek/graph/tensor.h"

namespace deepseek {

Value alias_of(const Value& v);  // recorded without gradient

// The numbers of `v` with the history of `before`: what a write that is not recorded leaves behind.
Value untracked(const Value& before, const Value& v);

// A node that only says "the same as the base": the step from a tensor to its detached view.
Ref<Node> alias_step(const Spec& spec);
bool is_alias(const Node&);

}  // namespace deepseek
