// Connectionist temporal classification: the sum over all alignments of a short sequence of labels with a long one of
// steps.
#pragma once
#include "deepseek/ops/kernel_op.h"

namespace deepseek::ctc {

struct Options {
  int64_t blank = 0;
  int64_t longest = 0;  // of the targets, which may be rows of that length or joined to one vector
};

// Logarithms of probabilities (steps, items, classes), targets, lengths of inputs and targets (items)
//   -> minus the logarithm of the sum (items), logarithms of the sums over beginnings (items, steps, 2 * longest + 1)
KernelFn make_forward(const Options&, KernelContext&);
// Both of them, the two results and the gradient of the first -> the gradient of the logarithms of probabilities
KernelFn make_backward(const Options&, KernelContext&);

}  // namespace deepseek::ctc
