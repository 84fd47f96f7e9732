#include "deepseek/ops/reduce/dims.h"

#include "deepseek/ops.h"

namespace deepseek {

DimMask reduce_mask(const Dims& dim, int rank, std::string_view op) {
  DimMask mask = 0;
  for (int64_t d : dim) {
    const DimMask bit = DimMask{1} << wrap_dim(d, rank, op);
    ensure((mask & bit) == 0, op, ": dim ", d, " is named twice in ", to_string(dim));
    mask |= bit;
  }
  if (rank == 0) return 0;
  return dim.empty() ? (DimMask{1} << rank) - 1 : mask;
}

DimMask reduce_mask(std::optional<int64_t> dim, int rank, std::string_view op) {
  return reduce_mask(dim ? Dims{*dim} : Dims{}, rank, op);
}

Dims dims_of(DimMask mask) {
  Dims dims;
  for (int d = 0; d < max_rank; ++d) {
    if (mask >> d & 1u) dims.push_back(d);
  }
  return dims;
}

Shape reduced_shape(const Shape& shape, DimMask mask, bool keepdim) {
  Shape out;
  for (int d = 0; d < shape.size(); ++d) {
    const bool reduced = mask >> d & 1u;
    if (!reduced)
      out.push_back(shape[d]);
    else if (keepdim)
      out.push_back(1);
  }
  return out;
}

int64_t reduced_count(const Shape& shape, DimMask mask) {
  int64_t n = 1;
  for (int d = 0; d < shape.size(); ++d) {
    if (mask >> d & 1u) n *= shape[d];
  }
  return n;
}

Tensor with_reduced_dims(const Tensor& reduced, const Shape& input, DimMask mask) {
  if (reduced.rank() == input.size()) return reduced;
  return reshape(reduced, reduced_shape(input, mask, true));
}

}  // namespace deepseek
