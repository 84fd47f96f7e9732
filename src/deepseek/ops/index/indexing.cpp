#include "deepseek/ops/index/indexing.h"

#include "deepseek/graph/operators.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/index/check.h"
#include "deepseek/ops/view/window.h"

namespace deepseek {
namespace {

// An index tensor or mask and the dims of the view that it takes.
struct Taking {
  Tensor index;  // int64; of a mask: the places in its flattened dims
  Tensor mask;   // undefined unless this is a mask
  int first = 0, dims = 1;
};

struct Parsed {
  Tensor view;  // after integers, slices and new axes
  std::vector<Taking> tensors;
};

int dims_taken(const IndexItem& item) {
  if (std::holds_alternative<int64_t>(item) || std::holds_alternative<SliceItem>(item)) return 1;
  const Tensor* x = std::get_if<Tensor>(&item);
  return !x ? 0 : x->dtype() == DType::bool_ ? x->rank() : 1;
}

Tensor sliced(const Tensor& view, int dim, const SliceItem& s) {
  const int64_t step = s.step.value_or(1);
  ensure(step > 0, "index: the step of a slice must be positive, but is ", step, "; use flip");
  if (!s.start && !s.stop && step == 1) return view;
  return slice(view, dim, s.start, s.stop, step);
}

Taking taking_mask(Tensor& view, const Tensor& mask, int dim) {
  if (mask.rank() == 0) view = unsqueeze(view, dim);  // x[True] has a new dim of size 1, x[False] one of size 0
  const Tensor bits = mask.rank() == 0 ? reshape(mask, {1}) : mask;
  for (int d = 0; d < bits.rank(); ++d) {
    if (bits.shape()[d] != view.shape()[dim + d]) {
      raise_index("index: mask ", to_string(mask.shape()), " does not fit dim ", dim + d, " of ",
                  to_string(view.shape()));
    }
  }
  return {.index = {}, .mask = bits, .first = dim, .dims = bits.rank()};
}

Parsed parse(const Tensor& input, const std::vector<IndexItem>& items) {
  int taken = 0, ellipses = 0;
  for (const IndexItem& item : items) {
    taken += dims_taken(item);
    ellipses += std::holds_alternative<EllipsisItem>(item);
  }
  if (ellipses > 1) raise_index("index: only one ellipsis (...) may stand in an index");
  if (taken > input.rank()) {
    raise_index("index: too many indices: ", taken, " dims are indexed, but the shape is ", to_string(input.shape()));
  }
  Parsed p{input, {}};
  int dim = 0;
  for (const IndexItem& item : items) {
    if (const auto* at = std::get_if<int64_t>(&item)) {
      const int64_t n = p.view.shape()[dim];
      if (*at < -n || *at >= n) {
        raise_index("index: index ", *at, " is out of range for dim ", dim, " of shape ", to_string(p.view.shape()));
      }
      p.view = select(p.view, dim, *at);
    } else if (const auto* s = std::get_if<SliceItem>(&item)) {
      p.view = sliced(p.view, dim++, *s);
    } else if (std::holds_alternative<EllipsisItem>(item)) {
      dim += input.rank() - taken;
    } else if (std::holds_alternative<NewAxisItem>(item)) {
      p.view = unsqueeze(p.view, dim++);
    } else {
      const Tensor& x = std::get<Tensor>(item);
      if (x.dtype() == DType::bool_)
        p.tensors.push_back(taking_mask(p.view, x, dim));
      else
        p.tensors.push_back({.index = index_tensor(x, "index"), .mask = {}, .first = dim, .dims = 1});
      dim += p.tensors.back().dims;
    }
  }
  return p;
}

// The dims that tensors take, together and in their order, as one dim, and the places in it.
struct Rows {
  Tensor view;  // a view of the parsed one, rows along `dim`
  int dim = 0;
  Tensor places = {};  // int64, of the index tensors' common shape
  Dims order = {};     // of the parsed view's dims, when tensors that do not stand together moved to the front
  Shape unflattened = {};
  Shape shape() const {
    Shape out;
    for (int d = 0; d < view.rank(); ++d) {
      if (d != dim)
        out.push_back(view.shape()[d]);
      else
        for (int64_t n : places.shape()) out.push_back(n);
    }
    return out;
  }
};

Rows to_rows(const Parsed& p) {
  bool together = true;
  Dims order;
  for (size_t i = 0; i < p.tensors.size(); ++i) {
    const Taking& t = p.tensors[i];
    if (i > 0) together = together && t.first == p.tensors[i - 1].first + p.tensors[i - 1].dims;
    for (int d = 0; d < t.dims; ++d) order.push_back(t.first + d);
  }
  Rows rows{p.view, p.tensors[0].first};
  const int taken = order.size();
  if (!together) {
    rows.dim = 0;
    for (int d = 0; d < p.view.rank(); ++d) {
      if (std::find(order.begin(), order.end(), d) == order.end()) order.push_back(d);
    }
    rows.view = permute(p.view, order);
    rows.order = order;
  }
  rows.unflattened = rows.view.shape();
  TensorList indices;
  std::vector<int64_t> sizes;
  Shape common;
  for (const Taking& t : p.tensors) {
    int64_t size = 1;
    for (int d = 0; d < t.dims; ++d) size *= p.view.shape()[t.first + d];
    sizes.push_back(size);
    indices.push_back(t.mask.defined() ? nonzero_flat(t.mask, "index") : t.index);
    common = broadcast(common, indices.back().shape(), "index");
  }
  if (taken > 1) rows.view = flatten(rows.view, rows.dim, rows.dim + taken - 1);
  if (p.tensors.size() == 1 && p.tensors[0].mask.defined()) {
    rows.places = indices[0];
    return rows;
  }
  for (Tensor& i : indices) i = i.shape() == common ? i : expand(i, common);
  rows.places = linear_index(indices, sizes, p.tensors[0].first);
  return rows;
}

// `value` with the shape of what it is assigned to; leading dims of size 1 too many are dropped, as in numpy.
Tensor fitted(Tensor value, const Shape& shape) {
  while (value.rank() > shape.size() && value.shape()[0] == 1) value = select(value, 0, 0);
  ensure(broadcastable_to(value.shape(), shape), "index: a value of shape ", to_string(value.shape()),
         " cannot be assigned to an index of shape ", to_string(shape));
  return value.shape() == shape ? value : expand(value, shape);
}

// A single mask and a single value need no places, so nothing is computed.
bool assign_where(const Parsed& p, const Tensor& value, bool accumulate) {
  if (p.tensors.size() != 1 || !p.tensors[0].mask.defined() || value.numel() != 1) return false;
  const Taking& t = p.tensors[0];
  Shape shape = Dims::filled(p.view.rank() - t.first, 1);
  for (int d = 0; d < t.dims; ++d) shape[d] = t.mask.shape()[d];
  const Tensor mask = reshape(t.mask, shape), scalar = cast(reshape(value, {}), p.view.dtype());
  Tensor(p.view).assign(where(mask, accumulate ? p.view + scalar : scalar, p.view));
  return true;
}

}  // namespace

Tensor index(const Tensor& input, const std::vector<IndexItem>& items) {
  const Parsed p = parse(input, items);
  if (p.tensors.empty()) return p.view;
  const Rows rows = to_rows(p);
  const Tensor taken = index_select(rows.view, rows.dim, flatten(rows.places));
  return rows.places.rank() == 1 ? taken : reshape(taken, rows.shape());
}

void index_assign(const Tensor& input, const std::vector<IndexItem>& items, const Tensor& given, bool accumulate) {
  Parsed p = parse(input, items);
  const Tensor value = cast(given, input.dtype());  // first, so that a number keeps its digits
  if (p.tensors.empty()) {
    const Tensor v = fitted(value, p.view.shape());
    p.view.assign(accumulate ? p.view + v : v);
    return;
  }
  if (assign_where(p, value, accumulate)) return;
  Rows rows = to_rows(p);
  Shape flat = rows.view.shape();
  flat[rows.dim] = rows.places.numel();
  const Tensor source = reshape(fitted(value, rows.shape()), flat);
  Tensor written = write_rows(rows.view, rows.dim, flatten(rows.places), source,
                              accumulate ? ScatterMode::add : ScatterMode::set, "index");
  // The rows may be a copy of the view, whose dims had to be brought together; the way back leads to the view itself.
  if (written.shape() != rows.unflattened) written = reshape(written, rows.unflattened);
  if (!rows.order.empty()) {
    Dims back = rows.order;
    for (int d = 0; d < back.size(); ++d) back[static_cast<int>(rows.order[d])] = d;
    written = permute(written, back);
  }
  p.view.assign(written);
}

Tensor index_assigned(const Tensor& input, const std::vector<IndexItem>& items, const Tensor& value, bool accumulate) {
  const Tensor out = clone(input);
  index_assign(out, items, value, accumulate);
  return out;
}

}  // namespace deepseek
