#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/op.h"
#include "deepseek/ops/view/window.h"

namespace deepseek {
namespace {

struct Diagonal : ViewOp {
  static constexpr OpInfo info{.name = "diagonal"};
  static constexpr Saves saves = Saves::nothing;
  int64_t offset = 0, dim1 = 0, dim2 = 1;
  static constexpr auto attrs = std::tuple{&Diagonal::offset, &Diagonal::dim1, &Diagonal::dim2};
  int row() const { return static_cast<int>(dim1); }
  int column() const { return static_cast<int>(dim2); }

  Spec infer(const Spec& in) const {
    const int64_t rows = in.shape[row()] + std::min<int64_t>(offset, 0),
                  columns = in.shape[column()] - std::max<int64_t>(offset, 0);
    Spec out = in;
    out.shape.erase(std::max(row(), column()));
    out.shape.erase(std::min(row(), column()));
    out.shape.push_back(std::max<int64_t>(0, std::min(rows, columns)));
    return out;
  }
  bool view(const Spec& in, const Strides& in_strides, Strides& out, int64_t& at) const {
    if (infer(in).shape.back() > 0) at += offset >= 0 ? offset * in_strides[column()] : -offset * in_strides[row()];
    out = in_strides;
    out.erase(std::max(row(), column()));
    out.erase(std::min(row(), column()));
    out.push_back(in_strides[row()] + in_strides[column()]);
    return true;
  }
  Tensor write_back(const Tensor& base, const Tensor& value) const {
    Strides steps;
    int64_t at = 0;
    view(base.spec(), contiguous_strides(base.shape()), steps, at);
    return region_write(base, value, steps, at);
  }
  void gradient(Grad& g) const {
    Strides steps;
    int64_t at = 0;
    view(g.input_spec(), contiguous_strides(g.input_spec().shape), steps, at);
    g.set(0, region_place(g.grad(), g.input_spec().shape, steps, at));
  }
};

// j - i - diagonal for the last two dims of `shape`: at most 0 on and below the diagonal.
Tensor below(const Tensor& input, int64_t diagonal, std::string_view op) {
  ensure(input.rank() >= 2, op, ": the tensor must have at least 2 dims, but its shape is ", to_string(input.shape()));
  Strides steps = Dims::filled(2, 1);
  steps[0] = -1;
  return iota({input.shape()[input.rank() - 2], input.shape().back()}, steps, -diagonal);
}

Tensor zero_int() {
  return Tensor(Value{scalar_value(int64_t{0}, DType::int64)});
}

}  // namespace

DEEPSEEK_FUNCTION(
    Tensor, diagonal,
    (const Tensor& input, int64_t offset DEFAULT(0), int64_t dim1 DEFAULT(0), int64_t dim2 DEFAULT(1)),
    "View of the diagonal of the dims `dim1` and `dim2`, as the last dim; `offset` columns above the main one.") {
  const int a = wrap_dim(dim1, input.rank(), "diagonal"), b = wrap_dim(dim2, input.rank(), "diagonal");
  ensure(a != b && input.rank() >= 2, "diagonal: dim1 and dim2 must be two dims, but are ", dim1, " and ", dim2,
         " of shape ", to_string(input.shape()));
  return apply(Diagonal{.offset = offset, .dim1 = a, .dim2 = b}, input);
}
DEEPSEEK_FACTS(diagonal, .in = {"method"}, .reference = "numpy.diagonal(input, offset, dim1, dim2)",
               .good = {"randn(3, 3)", "randn(3, 5), 1", "randn(3, 5), -2", "randn(2, 3, 4), 0, 1, 2",
                        "randn(2, 3, 4), -1, -1, 0", "ints(2, 2), 7"},
               .bad = {"randn(3)", "randn(3, 3), 0, 1, 1", "randn(3, 3), 0, 0, 2"});

DEEPSEEK_FUNCTION(
    Tensor, diag_embed,
    (const Tensor& input, int64_t offset DEFAULT(0), int64_t dim1 DEFAULT(-2), int64_t dim2 DEFAULT(-1)),
    "Zeros with the last dim of `input` on the diagonal of the new dims `dim1` and `dim2`, `offset` columns above the "
    "main one.") {
  ensure(input.rank() >= 1 && input.rank() < max_rank, "diag_embed: the tensor must have 1 to ", max_rank - 1,
         " dims, but its shape is ", to_string(input.shape()));
  const int rank = input.rank() + 1, a = wrap_dim(dim1, rank, "diag_embed"), b = wrap_dim(dim2, rank, "diag_embed");
  ensure(a != b, "diag_embed: dim1 and dim2 must be two dims, but are ", dim1, " and ", dim2);
  Shape shape = input.shape();
  const int64_t n = shape.back() + std::abs(offset);
  shape.pop_back();
  shape.insert(std::min(a, b), n);
  shape.insert(std::max(a, b), n);
  Strides steps;
  int64_t at = 0;
  Diagonal{.offset = offset, .dim1 = a, .dim2 = b}.view({input.dtype(), shape}, contiguous_strides(shape), steps, at);
  return region_place(input, shape, steps, at);
}
DEEPSEEK_FACTS(
    diag_embed, .in = {"method"},
    .reference =
        "(lambda y: ([y.__setitem__((..., i + max(-offset, 0), i + max(offset, 0)), input[..., i]) for i in "
        "range(input.shape[-1])], numpy.moveaxis(y, (-2, -1), (dim1, dim2)))[1])(numpy.zeros(input.shape[:-1] + "
        "(input.shape[-1] + abs(offset),) * 2, input.dtype))",
    .good = {"randn(3)", "randn(2, 3), 1", "randn(2, 3), -2, 0, 1", "ints(2, 2), 0, 2, 1"},
    .bad = {"randn()", "randn(3), 0, 1, 1"});

DEEPSEEK_FUNCTION(
    Tensor, diag, (const Tensor& input, int64_t diagonal DEFAULT(0)),
    "Of a vector the matrix with it on a diagonal, of a matrix a copy of that diagonal; `diagonal` columns above the "
    "main one.") {
  ensure(input.rank() == 1 || input.rank() == 2, "diag: the tensor must have 1 or 2 dims, but its shape is ",
         to_string(input.shape()));
  if (input.rank() == 1) return diag_embed(input, diagonal);
  return clone(apply_list(Diagonal{.offset = diagonal}, {input}));
}
DEEPSEEK_FACTS(diag, .in = {"method"}, .reference = "numpy.diag(input, diagonal)",
               .good = {"randn(3)", "randn(3), -1", "randn(3, 4), 1", "ints(3, 3)"},
               .bad = {"randn()", "randn(2, 2, 2)"});

DEEPSEEK_FUNCTION(Tensor, tril, (const Tensor& input, int64_t diagonal DEFAULT(0)),
                  "The last two dims with zeros above the diagonal that lies `diagonal` columns above the main one.") {
  return where(below(input, diagonal, "tril") <= zero_int(), input, filled_like(input, 0));
}
DEEPSEEK_FACTS(tril, .in = {"method"}, .reference = "numpy.tril(input, diagonal)",
               .good = {"randn(3, 3)", "randn(2, 3, 5), 1", "ints(4, 3), -2"}, .bad = {"randn(3)"});

DEEPSEEK_FUNCTION(Tensor, triu, (const Tensor& input, int64_t diagonal DEFAULT(0)),
                  "The last two dims with zeros below the diagonal that lies `diagonal` columns above the main one.") {
  return where(below(input, diagonal, "triu") >= zero_int(), input, filled_like(input, 0));
}
DEEPSEEK_FACTS(triu, .in = {"method"}, .reference = "numpy.triu(input, diagonal)",
               .good = {"randn(3, 3)", "randn(2, 3, 5), 1", "ints(4, 3), -2"}, .bad = {"randn(3)"});

DEEPSEEK_FUNCTION(Tensor, trace, (const Tensor& input), "Sum of the diagonal of a matrix.") {
  ensure(input.rank() == 2, "trace: the tensor must have 2 dims, but its shape is ", to_string(input.shape()));
  return sum(apply_list(Diagonal{}, {input}));
}
DEEPSEEK_FACTS(trace, .in = {"method"}, .reference = "numpy.trace(input)",
               .good = {"randn(3, 3)", "randn(2, 5)", "ints(3, 3)"}, .bad = {"randn(3)", "randn(2, 2, 2)"});

}  // namespace deepseek
