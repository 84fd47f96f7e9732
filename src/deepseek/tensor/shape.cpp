#include "deepseek/tensor/shape.h"

#include "deepseek/tensor/error.h"

namespace deepseek {

void Dims::too_many(size_t n) { raise_value("a tensor has at most ", max_rank, " dimensions, but ", n, " are asked for"); }

std::string to_string(const Dims& d) {
  std::string s = "(";
  for (int i = 0; i < d.size(); ++i) {
    if (i) s += ", ";
    s += std::to_string(d[i]);
  }
  if (d.size() == 1) s += ",";
  return s + ")";
}

Strides contiguous_strides(const Shape& shape) {
  Strides s = Dims::filled(shape.size(), 1);
  int64_t step = 1;
  for (int i = shape.size() - 1; i >= 0; --i) {
    s[i] = step;
    step *= std::max<int64_t>(shape[i], 1);
  }
  return s;
}

bool is_contiguous(const Shape& shape, const Strides& strides) {
  if (shape.numel() == 0) return true;
  int64_t step = 1;
  for (int i = shape.size() - 1; i >= 0; --i) {
    if (shape[i] != 1 && strides[i] != step) return false;
    step *= shape[i];
  }
  return true;
}

Strides strides_for_order(const Shape& shape, const Dims& order) {
  Strides s = Dims::filled(shape.size(), 1);
  int64_t step = 1;
  for (int i = order.size() - 1; i >= 0; --i) {
    const int d = static_cast<int>(order[i]);
    s[d] = step;
    step *= std::max<int64_t>(shape[d], 1);
  }
  return s;
}

Shape broadcast(const Shape& a, const Shape& b, std::string_view op) {
  const int rank = std::max(a.size(), b.size());
  Shape out = Dims::filled(rank, 1);
  for (int i = 1; i <= rank; ++i) {
    const int64_t x = i <= a.size() ? a[a.size() - i] : 1;
    const int64_t y = i <= b.size() ? b[b.size() - i] : 1;
    if (x != y && x != 1 && y != 1) {
      raise_value(op, ": shapes ", to_string(a), " and ", to_string(b), " do not broadcast: sizes must be equal or 1, but are ",
                  x, " and ", y, " in dim -", i);
    }
    out[rank - i] = x == 1 ? y : x;
  }
  return out;
}

bool broadcastable_to(const Shape& from, const Shape& to) {
  if (from.size() > to.size()) return false;
  for (int i = 1; i <= from.size(); ++i) {
    const int64_t x = from[from.size() - i];
    if (x != 1 && x != to[to.size() - i]) return false;
  }
  return true;
}

int wrap_dim(int64_t dim, int rank, std::string_view op) {
  const int64_t n = std::max(rank, 1);
  if (dim < -n || dim >= n) {
    raise_index(op, ": dim ", dim, " is out of range for a tensor with ", rank, " dimensions (expected ", -n, " to ", n - 1, ")");
  }
  return static_cast<int>(dim < 0 ? dim + n : dim);
}

}  // namespace deepseek
