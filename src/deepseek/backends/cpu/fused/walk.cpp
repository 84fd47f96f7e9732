#include "deepseek/backends/cpu/fused/walk.h"

#include <algorithm>
#include <cstring>
#include <cwchar>

#include "deepseek/backends/cpu/fused/stream.h"
#include "deepseek/backends/cpu/fused/transpose.h"

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

// A piece of a range: `rows` inner rows of `length` elements, the whole rows but for the first and last piece.
struct Piece {
  int64_t offset;  // in memory
  int64_t at;      // in the block
  int64_t rows, length;
  int64_t row_stride, stride;
};

// Calls f with the pieces of [position, position + n).
template <class F>
inline void each_piece(const Walk& w, int64_t position, int64_t n, F&& f) {
  if (w.rank <= 1) {
    const int64_t stride = w.rank == 0 ? 0 : w.stride[0];
    f(Piece{w.offset + position * stride, 0, 1, n, 0, stride});
    return;
  }
  std::array<int64_t, walk_rank> at;
  const auto rank = static_cast<size_t>(w.rank);
  int64_t rest = position, start = w.offset;
  for (size_t d = 0; d < rank; ++d) {
    const int64_t q = d + 1 < rank ? rest / w.size[d] : 0;
    at[d] = rest - q * w.size[d];
    rest = q;
    if (d > 0) start += at[d] * w.stride[d];
  }
  const int64_t inner = w.size[0], stride = w.stride[0];
  int64_t done = 0, column = at[0];
  while (done < n) {
    int64_t rows = 1, length = std::min(inner - column, n - done);
    if (length == inner) rows = std::min(w.size[1] - at[1], (n - done) / inner);
    f(Piece{start + column * stride, done, rows, length, w.stride[1], stride});
    done += rows * length;
    column = 0;
    start += rows * w.stride[1];
    at[1] += rows;
    for (size_t d = 1; d + 1 < rank && at[d] == w.size[d]; ++d) {
      start += w.stride[d + 1] - w.size[d] * w.stride[d];
      at[d] = 0;
      ++at[d + 1];
    }
  }
}

constexpr int64_t short_row = 16;  // rows shorter than this are walked down their columns

template <class E>
inline void copy_run(E* out, const E* in, int64_t n, int64_t stride) {
  if (stride == 1 && n >= short_row) std::memcpy(out, in, static_cast<size_t>(n) * sizeof(E));
  else if (stride == 1) for (int64_t i = 0; i < n; ++i) out[i] = in[i];
  else if (stride == 0) std::fill_n(out, n, *in);
  else for (int64_t i = 0; i < n; ++i) out[i] = in[i * stride];
}

// out[r * length + j] = in[r]. Short rows are written a vector at a time; what it writes too far, the next rows write again.
template <class E>
inline void repeat_rows(E* out, const E* in, int64_t rows, int64_t length) {
  constexpr int64_t lanes = 32 / sizeof(E);
  typedef E V __attribute__((vector_size(32)));
  const int64_t padded = (length + lanes - 1) / lanes * lanes, end = rows * length;
  int64_t r = 0;
  if (length <= 4 * lanes) {
    for (int64_t at = 0; r < rows && at + padded <= end; ++r, at += length) {
      const V v = V{} + in[r];
      for (int64_t j = 0; j < padded; j += lanes) std::memcpy(out + at + j, &v, 32);
    }
  }
  for (; r < rows; ++r) std::fill_n(out + r * length, length, in[r]);
}

template <class E>
inline void gather_piece(const Piece& p, E* out, const E* in) {
  if (p.rows == 1) return copy_run(out, in, p.length, p.stride);
  if (p.row_stride == 0) {
    // The same row again and again: what is there is copied, each time twice as much.
    copy_run(out, in, p.length, p.stride);
    const int64_t all = p.rows * p.length;
    for (int64_t done = p.length; done < all; done += std::min(done, all - done)) {
      std::memcpy(out + done, out, static_cast<size_t>(std::min(done, all - done)) * sizeof(E));
    }
    return;
  }
  if (p.row_stride == 1 && p.stride == 0) return repeat_rows(out, in, p.rows, p.length);
  if (p.row_stride == 1 && p.stride != 1 && p.rows >= 8) return gather_transposed(out, in, p.rows, p.length, p.stride);
  if (p.length < short_row) {
    for (int64_t j = 0; j < p.length; ++j) {
      for (int64_t i = 0; i < p.rows; ++i) out[i * p.length + j] = in[i * p.row_stride + j * p.stride];
    }
    return;
  }
  for (int64_t i = 0; i < p.rows; ++i) copy_run(out + i * p.length, in + i * p.row_stride, p.length, p.stride);
}

template <class E>
inline void scatter_piece(const Piece& p, E* out, const E* in, bool stream) {
  if (p.length < short_row && p.rows > 1) {
    for (int64_t j = 0; j < p.length; ++j) {
      for (int64_t i = 0; i < p.rows; ++i) out[i * p.row_stride + j * p.stride] = in[i * p.length + j];
    }
    return;
  }
  for (int64_t i = 0; i < p.rows; ++i) {
    E* o = out + i * p.row_stride;
    const E* x = in + i * p.length;
    if (p.stride == 1 && stream) stream_out(o, x, static_cast<size_t>(p.length) * sizeof(E));
    else if (p.stride == 1) std::memcpy(o, x, static_cast<size_t>(p.length) * sizeof(E));
    else for (int64_t j = 0; j < p.length; ++j) o[j * p.stride] = x[j];
  }
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
  with_element(bytes, [&](auto e) {
    using E = decltype(e);
    each_piece(w, position, n, [&](const Piece& p) {
      gather_piece(p, static_cast<E*>(block) + p.at, static_cast<const E*>(base) + p.offset);
    });
  });
}

void scatter(const Walk& w, int64_t bytes, void* base, int64_t position, int64_t n, const void* block, bool stream) {
  with_element(bytes, [&](auto e) {
    using E = decltype(e);
    each_piece(w, position, n, [&](const Piece& p) {
      scatter_piece(p, static_cast<E*>(base) + p.offset, static_cast<const E*>(block) + p.at, stream);
    });
  });
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
  each_piece(w, position, n, [&](const Piece& p) {
    int64_t* out = block + p.at;
    for (int64_t i = 0; i < p.rows; ++i) {
      for (int64_t j = 0; j < p.length; ++j) *out++ = p.offset + i * p.row_stride + j * p.stride;
    }
  });
}

void fill(void* block, const void* value, int64_t bytes, int64_t n) {
  if (bytes == sizeof(wchar_t)) {
    // The C library has this one for each instruction set.
    wchar_t element;
    std::memcpy(&element, value, sizeof element);
    std::wmemset(static_cast<wchar_t*>(block), element, static_cast<size_t>(n));
    return;
  }
  repeat_each(block, value, bytes, 1, n);
}

void repeat_each(void* out, const void* in, int64_t bytes, int64_t rows, int64_t length) {
  with_element(bytes, [&](auto e) {
    using E = decltype(e);
    repeat_rows(static_cast<E*>(out), static_cast<const E*>(in), rows, length);
  });
}

void repeat_all(void* out, const void* in, int64_t bytes, int64_t n, int64_t times) {
  for (int64_t j = 0; j < times; ++j) std::memcpy(static_cast<char*>(out) + j * n * bytes, in, static_cast<size_t>(n * bytes));
}

}  // namespace deepseek::fused
