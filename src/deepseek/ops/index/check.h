// Checks that all indexing functions share.
#pragma once
#include <string_view>

#include "deepseek/graph/tensor.h"

namespace deepseek {

// `index` as int64; raises for element types that are not integers.
Tensor index_tensor(const Tensor& index, std::string_view op, std::string_view name = "index");

// Raises unless `values`, an operand of that name, has the element type of `input` or is a number.
void check_element_type(const Tensor& input, const Tensor& values, std::string_view op, std::string_view name);

// The element-wise reductions that a scatter may do.
enum class ScatterMode : uint8_t { set, add, mul, max, min };

// base with rows of `source` written along dim at the places of the 1-d `index`, in the order of the index;
// `name` is the function that messages name, a literal.
Tensor write_rows(const Tensor& base, int dim, const Tensor& index, const Tensor& source, ScatterMode mode,
                  const char* name);

// int64 place in a row-major shape `sizes` of each point given by one index tensor per dim; all of one shape. Negative
// indices count from the end. What is out of range raises when it is computed.
Tensor linear_index(const TensorList& indices, const std::vector<int64_t>& sizes, int first_dim);

// int64 places of the elements of the flattened mask that are not zero; computes the mask.
Tensor nonzero_flat(const Tensor& mask, std::string_view op);

}  // namespace deepseek
