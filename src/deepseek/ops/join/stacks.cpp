// hstack, vstack, dstack, column_stack and the dims that they add: atleast_1d, 2d, 3d.
#include "deepseek/ops.h"
#include "deepseek/ops/function.h"

namespace deepseek {
namespace {

Tensor at_least(const Tensor& x, int rank) {
  if (x.rank() >= rank) return x;
  if (rank == 1) return reshape(x, {1});
  if (x.rank() == 0) return reshape(x, Dims::filled(rank, 1));
  if (rank == 2) return unsqueeze(x, 0);
  return x.rank() == 1 ? unsqueeze(unsqueeze(x, 0), -1) : unsqueeze(x, -1);
}

TensorList all_at_least(const TensorList& tensors, int rank) {
  TensorList out;
  for (const Tensor& x : tensors) out.push_back(at_least(x, rank));
  return out;
}

Result one_or_all(const TensorList& tensors, int rank, std::string_view op) {
  ensure(!tensors.empty(), op, ": needs at least one tensor");
  TensorList out = all_at_least(tensors, rank);
  if (out.size() == 1) return out[0];
  return out;
}

}  // namespace

DEEPSEEK_FUNCTION(Result, atleast_1d, (const TensorList& tensors),
                  "Each tensor as a view with at least one dim: a scalar becomes (1). One tensor gives one, several a tuple.") {
  return one_or_all(tensors, 1, "atleast_1d");
}
DEEPSEEK_FACTS(atleast_1d, .reference = "numpy.atleast_1d(*tensors)", .good = {"[randn()]", "[randn(), randn(2, 3)]"}, .bad = {"[]"});

DEEPSEEK_FUNCTION(Result, atleast_2d, (const TensorList& tensors),
                  "Each tensor as a view with at least two dims: (n) becomes (1, n). One tensor gives one, several a tuple.") {
  return one_or_all(tensors, 2, "atleast_2d");
}
DEEPSEEK_FACTS(atleast_2d, .reference = "numpy.atleast_2d(*tensors)", .good = {"[randn(3)]", "[randn(), randn(4), randn(2, 1, 3)]"},
               .bad = {"[]"});

DEEPSEEK_FUNCTION(Result, atleast_3d, (const TensorList& tensors),
                  "Each tensor as a view with at least three dims: (n) becomes (1, n, 1) and (m, n) becomes (m, n, 1). One tensor "
                  "gives one, several a tuple.") {
  return one_or_all(tensors, 3, "atleast_3d");
}
DEEPSEEK_FACTS(atleast_3d, .reference = "numpy.atleast_3d(*tensors)", .good = {"[randn(3)]", "[randn(), randn(4), randn(2, 3)]"},
               .bad = {"[]"});

DEEPSEEK_FUNCTION(Tensor, hstack, (const TensorList& tensors),
                  "The tensors side by side: along dim 1, vectors and scalars along dim 0.") {
  ensure(!tensors.empty(), "hstack: needs at least one tensor");
  const TensorList parts = all_at_least(tensors, 1);
  return cat(parts, parts[0].rank() == 1 ? 0 : 1);
}
DEEPSEEK_FACTS(hstack, .reference = "numpy.hstack(tensors)",
               .good = {"[randn(2), randn(3)]", "[randn(), randn()]", "[randn(2, 3), randn(2, 1)]", "[ints(2, 1), randn(2, 2)]"},
               .bad = {"[]", "[randn(2, 3), randn(3, 3)]"});

DEEPSEEK_FUNCTION(Tensor, vstack, (const TensorList& tensors),
                  "The tensors one below the other: along dim 0, vectors as rows.") {
  ensure(!tensors.empty(), "vstack: needs at least one tensor");
  return cat(all_at_least(tensors, 2), 0);
}
DEEPSEEK_FACTS(vstack, .reference = "numpy.vstack(tensors)", .good = {"[randn(3), randn(3)]", "[randn(2, 3), randn(3)]", "[randn(), randn()]"},
               .bad = {"[]", "[randn(2), randn(3)]"});

DEEPSEEK_FUNCTION(Tensor, row_stack, (const TensorList& tensors), "The tensors one below the other; the same as `vstack`.") {
  return vstack(tensors);
}
DEEPSEEK_FACTS(row_stack, .reference = "numpy.vstack(tensors)", .good = {"[randn(3), randn(3)]"}, .bad = {"[]"});

DEEPSEEK_FUNCTION(Tensor, dstack, (const TensorList& tensors),
                  "The tensors one behind the other: along dim 2, after `atleast_3d`.") {
  ensure(!tensors.empty(), "dstack: needs at least one tensor");
  return cat(all_at_least(tensors, 3), 2);
}
DEEPSEEK_FACTS(dstack, .reference = "numpy.dstack(tensors)", .good = {"[randn(3), randn(3)]", "[randn(2, 3, 4), randn(2, 3, 1)]"},
               .bad = {"[]", "[randn(2), randn(3)]"});

DEEPSEEK_FUNCTION(Tensor, column_stack, (const TensorList& tensors),
                  "The tensors side by side along dim 1, vectors and scalars as columns.") {
  ensure(!tensors.empty(), "column_stack: needs at least one tensor");
  TensorList parts;
  for (const Tensor& x : tensors) parts.push_back(x.rank() <= 1 ? reshape(x, {x.numel(), 1}) : x);
  return cat(parts, 1);
}
DEEPSEEK_FACTS(column_stack, .reference = "numpy.column_stack(tensors)", .good = {"[randn(3), randn(3)]", "[randn(3, 2), randn(3)]"},
               .bad = {"[]", "[randn(2), randn(3)]"});

}  // namespace deepseek
