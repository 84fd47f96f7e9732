#include "deepseek/backends/cpu/move/strided_copy.h"

#include <cstring>

#include "deepseek/runtime/parallel.h"
#include "deepseek/tensor/error.h"

namespace deepseek::cpu {
namespace {

constexpr int64_t grain = 1 << 15;  // elements of one parallel chunk
constexpr int64_t tile = 32;        // rows and columns of one transposed tile

struct Walk {
  Dims size, to, from;  // outermost first, merged where both sides are dense
};

Walk merged(const Shape& shape, const Strides& to, const Strides& from) {
  Dims order;
  for (int d = 0; d < shape.size(); ++d) {
    if (shape[d] != 1) order.push_back(d);
  }
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return std::abs(to[static_cast<int>(a)]) > std::abs(to[static_cast<int>(b)]);
  });
  Walk w;
  for (int64_t at : order) {
    const int d = static_cast<int>(at);
    if (!w.size.empty() && w.to.back() == to[d] * shape[d] && w.from.back() == from[d] * shape[d]) {
      w.size.back() *= shape[d];
      w.to.back() = to[d];
      w.from.back() = from[d];
    } else {
      w.size.push_back(shape[d]);
      w.to.push_back(to[d]);
      w.from.push_back(from[d]);
    }
  }
  if (w.size.empty()) w.size.push_back(1), w.to.push_back(1), w.from.push_back(1);
  return w;
}

template <class T>
void copy_line(T* to, int64_t to_step, const T* from, int64_t from_step, int64_t n) {
  if (to_step == 1 && from_step == 1) {
    std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
  } else if (to_step == 1) {
    for (int64_t i = 0; i < n; ++i) to[i] = from[i * from_step];
  } else {
    for (int64_t i = 0; i < n; ++i) to[i * to_step] = from[i * from_step];
  }
}

// Calls body(to_offset, from_offset) for the points [begin, end) of the dims before `dims` of the walk.
template <class F>
void for_points(const Walk& w, int dims, int64_t begin, int64_t end, F&& body) {
  Dims at = Dims::filled(dims, 0);
  int64_t rest = begin, to = 0, from = 0;
  for (int d = dims - 1; d >= 0; --d) {
    at[d] = rest % w.size[d];
    rest /= w.size[d];
    to += at[d] * w.to[d];
    from += at[d] * w.from[d];
  }
  for (int64_t i = begin; i < end; ++i) {
    body(to, from);
    for (int d = dims - 1; d >= 0; --d) {
      to += w.to[d];
      from += w.from[d];
      if (++at[d] < w.size[d]) break;
      to -= w.to[d] * w.size[d];
      from -= w.from[d] * w.size[d];
      at[d] = 0;
    }
  }
}

template <class T>
void copy_lines(T* to, const T* from, const Walk& w) {
  const int last = w.size.size() - 1;
  const int64_t n = w.size[last], to_step = w.to[last], from_step = w.from[last];
  if (last == 0) {
    parallel_for(n, grain, [&](int64_t a, int64_t b) {
      copy_line(to + a * to_step, to_step, from + a * from_step, from_step, b - a);
    });
    return;
  }
  parallel_for(w.size.numel() / n, std::max<int64_t>(1, grain / n), [&](int64_t a, int64_t b) {
    for_points(w, last, a, b, [&](int64_t t, int64_t f) { copy_line(to + t, to_step, from + f, from_step, n); });
  });
}

// The two innermost dims of the walk are (rows: dense in `from`, columns: dense in `to`).
template <class T>
void copy_tiles(T* to, const T* from, const Walk& w) {
  const int r = w.size.size() - 2, c = r + 1;
  const int64_t rows = w.size[r], columns = w.size[c], bands = (rows + tile - 1) / tile;
  int64_t planes = 1;
  for (int d = 0; d < r; ++d) planes *= w.size[d];
  parallel_for(planes * bands, std::max<int64_t>(1, grain / (tile * columns)), [&](int64_t a, int64_t b) {
    for (int64_t unit = a; unit < b; ++unit) {
      const int64_t first = unit % bands * tile, end = std::min(rows, first + tile);
      for_points(w, r, unit / bands, unit / bands + 1, [&](int64_t t, int64_t f) {
        for (int64_t left = 0; left < columns; left += tile) {
          const int64_t right = std::min(columns, left + tile);
          for (int64_t i = first; i < end; ++i) {
            copy_line(to + t + i * w.to[r] + left * w.to[c], w.to[c], from + f + i * w.from[r] + left * w.from[c],
                      w.from[c], right - left);
          }
        }
      });
    }
  });
}

template <class T>
void copy(void* to, const void* from, Walk w) {
  const int last = w.size.size() - 1;
  int row = -1;
  for (int d = 0; d < last; ++d) {
    if (std::abs(w.from[d]) == 1 && w.size[d] >= 4) row = d;
  }
  if (row < 0 || std::abs(w.from[last]) == 1 || w.size[last] < 4) {
    copy_lines(static_cast<T*>(to), static_cast<const T*>(from), w);
    return;
  }
  for (Dims* dims : {&w.size, &w.to, &w.from}) {
    const int64_t moved = (*dims)[row];
    dims->erase(row);
    dims->insert(last - 1, moved);
  }
  copy_tiles(static_cast<T*>(to), static_cast<const T*>(from), w);
}

template <class T>
void fill(void* to, const void* element, int64_t count) {
  T value;
  std::memcpy(&value, element, sizeof value);
  parallel_for(count, 2 * grain, [&](int64_t a, int64_t b) { std::fill_n(static_cast<T*>(to) + a, b - a, value); });
}

}  // namespace

void strided_copy(void* to, const Strides& to_strides, const void* from, const Strides& from_strides,
                  const Shape& shape, int64_t size) {
  if (shape.numel() == 0) return;
  const Walk w = merged(shape, to_strides, from_strides);
  switch (size) {
    case 1:
      return copy<uint8_t>(to, from, w);
    case 2:
      return copy<uint16_t>(to, from, w);
    case 4:
      return copy<uint32_t>(to, from, w);
    case 8:
      return copy<uint64_t>(to, from, w);
    default:
      DEEPSEEK_CHECK(false, "element size ", size);
  }
}

void fill_elements(void* to, const void* element, int64_t count, int64_t size) {
  switch (size) {
    case 1:
      return fill<uint8_t>(to, element, count);
    case 2:
      return fill<uint16_t>(to, element, count);
    case 4:
      return fill<uint32_t>(to, element, count);
    case 8:
      return fill<uint64_t>(to, element, count);
    default:
      DEEPSEEK_CHECK(false, "element size ", size);
  }
}

}  // namespace deepseek::cpu
