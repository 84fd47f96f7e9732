#include "deepseek/backends/cpu/fused/walk.h"

#include <algorithm>
#include <cstring>

namespace deepseek::fused {

Walk::Walk(const Dims& sizes, const Strides& strides, int64_t start) : offset(start) {
  for (int d = sizes.size() - 1; d >= 0; --d) {
    if (sizes[d] == 1) continue;
    const auto last = static_cast<size_t>(rank - 1);
    if (rank > 0 && strides[d] == stride[last] * size[last]) {
      size[last] *= sizes[d];
    } else {
      size[last + 1] = sizes[d];
      stride[last + 1] = strides[d];
      ++rank;
    }
  }
}

namespace {

// Calls run(memory offset, first point, points, stride) for the pieces of [position, position + n) that lie in one inner row.
template <class F>
inline void each_run(const Walk& w, int64_t position, int64_t n, F&& run) {
  if (w.rank <= 1) {
    const int64_t stride = w.rank == 0 ? 0 : w.stride[0];
    run(w.offset + position * stride, int64_t{0}, n, stride);
    return;
  }
  std::array<int64_t, max_rank> at;
  const auto rank = static_cast<size_t>(w.rank);
  int64_t rest = position, row = w.offset;
  for (size_t d = 0; d < rank; ++d) {
    const int64_t q = d + 1 < rank ? rest / w.size[d] : 0;
    at[d] = rest - q * w.size[d];
    rest = q;
    if (d > 0) row += at[d] * w.stride[d];
  }
  const int64_t inner = w.size[0], stride = w.stride[0];
  int64_t done = 0, column = at[0];
  while (true) {
    const int64_t length = std::min(inner - column, n - done);
    run(row + column * stride, done, length, stride);
    done += length;
    if (done >= n) return;
    column = 0;
    for (size_t d = 1; d < rank; ++d) {
      row += w.stride[d];
      if (++at[d] < w.size[d]) break;
      row -= w.stride[d] * w.size[d];
      at[d] = 0;
    }
  }
}

template <class E>
inline void copy_run(E* out, const E* in, int64_t n, int64_t stride) {
  if (stride == 1 && n >= 16) std::memcpy(out, in, static_cast<size_t>(n) * sizeof(E));
  else if (stride == 1) for (int64_t i = 0; i < n; ++i) out[i] = in[i];
  else if (stride == 0) std::fill_n(out, n, *in);
  else for (int64_t i = 0; i < n; ++i) out[i] = in[i * stride];
}

template <class E>
void gather_elements(const Walk& w, const void* base, int64_t position, int64_t n, void* block) {
  auto* out = static_cast<E*>(block);
  auto* in = static_cast<const E*>(base);
  each_run(w, position, n, [&](int64_t from, int64_t at, int64_t length, int64_t stride) {
    copy_run(out + at, in + from, length, stride);
  });
}

template <class E>
void scatter_elements(const Walk& w, void* base, int64_t position, int64_t n, const void* block) {
  auto* out = static_cast<E*>(base);
  auto* in = static_cast<const E*>(block);
  each_run(w, position, n, [&](int64_t to, int64_t at, int64_t length, int64_t stride) {
    E* o = out + to;
    const E* x = in + at;
    if (stride == 1) std::memcpy(o, x, static_cast<size_t>(length) * sizeof(E));
    else for (int64_t i = 0; i < length; ++i) o[i * stride] = x[i];
  });
}

template <class F>
inline void with_element(int64_t bytes, F&& f) {
  switch (bytes) {
    case 1: return f(uint8_t{});
    case 2: return f(uint16_t{});
    case 4: return f(uint32_t{});
    default: return f(uint64_t{});
  }
}

}  // namespace

void gather(const Walk& w, int64_t bytes, const void* base, int64_t position, int64_t n, void* block) {
  with_element(bytes, [&](auto e) { gather_elements<decltype(e)>(w, base, position, n, block); });
}

void scatter(const Walk& w, int64_t bytes, void* base, int64_t position, int64_t n, const void* block) {
  with_element(bytes, [&](auto e) { scatter_elements<decltype(e)>(w, base, position, n, block); });
}

const void* fetch(const Walk& w, int64_t bytes, const void* base, int64_t position, int64_t n, void* block) {
  // One inner row of stride 1 that holds the whole range.
  if (w.rank > 0 && w.stride[0] == 1) {
    int64_t rest = position / w.size[0];
    const int64_t column = position - rest * w.size[0];
    if (column + n <= w.size[0]) {
      int64_t at = w.offset + column;
      for (size_t d = 1; d < static_cast<size_t>(w.rank); ++d) {
        const int64_t q = rest / w.size[d];
        at += (rest - q * w.size[d]) * w.stride[d];
        rest = q;
      }
      return static_cast<const char*>(base) + at * bytes;
    }
  }
  gather(w, bytes, base, position, n, block);
  return block;
}

void number(const Walk& w, int64_t position, int64_t n, int64_t* block) {
  each_run(w, position, n, [&](int64_t first, int64_t at, int64_t length, int64_t stride) {
    for (int64_t i = 0; i < length; ++i) block[at + i] = first + i * stride;
  });
}

void fill(void* block, const void* value, int64_t bytes, int64_t n) { repeat_each(block, value, bytes, 1, n); }

void repeat_each(void* out, const void* in, int64_t bytes, int64_t rows, int64_t length) {
  with_element(bytes, [&](auto e) {
    using E = decltype(e);
    for (int64_t r = 0; r < rows; ++r) std::fill_n(static_cast<E*>(out) + r * length, length, static_cast<const E*>(in)[r]);
  });
}

void repeat_all(void* out, const void* in, int64_t bytes, int64_t n, int64_t times) {
  for (int64_t j = 0; j < times; ++j) std::memcpy(static_cast<char*>(out) + j * n * bytes, in, static_cast<size_t>(n * bytes));
}

}  // namespace deepseek::fused
