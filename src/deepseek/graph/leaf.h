// Nodes without inputs: data, numbers, and stand-ins for values that are not known.
#pragma once
#include "deepseek/graph/node.h"

namespace deepseek {

struct Op;

// A number with all its digits, whatever the dtype of the node.
struct ScalarAttrs {
  bool is_float = true;
  double number = 0;
  int64_t integer = 0;
  double as_double() const { return is_float ? number : static_cast<double>(integer); }
};

const Op* data_op();         // computed, has a buffer
const Op* scalar_op();       // computed, attributes are ScalarAttrs; a buffer is made only when somebody asks
const Op* placeholder_op();  // has a spec but never a value

inline bool is_scalar(const Node& n) { return n.op == scalar_op(); }

Ref<Node> data_node(const Spec& spec, Buffer buffer);
Ref<Node> scalar_node(const ScalarAttrs& attrs, DType dtype, bool weak);
Ref<Node> placeholder_node(const Spec& spec);

// The number as an element of `dtype` in the low bytes of a word.
uint64_t scalar_bits(const ScalarAttrs& attrs, DType dtype);
// One element in memory as a number.
ScalarAttrs read_scalar(const void* element, DType dtype);

}  // namespace deepseek
