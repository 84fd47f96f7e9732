#include "deepseek/backends/cpu/recurrent/sequence.h"

namespace deepseek::recurrent {
namespace {

template <class T>
class Backward : Sequence<T> {
  using Base = Sequence<T>;
  using Base::at, Base::input, Base::o_, Base::output, Base::padded, Base::s_;

 public:
  Backward(const Options& options, const KernelContext& c) : Base(options, c), in_(options), out_(options) {
    gate_width_ = gates_of(o_.kind) * s_.hidden;
    kept_width_ = kept_of(o_.kind) * s_.hidden;
  }

  int64_t workspace() const { return Memory(*this, nullptr).bytes; }

  void operator()(const KernelRun& run) const {
    const Memory m(*this, run.workspace);
    const Panels<T> weights(m.weights, s_.out, gate_width_), projection(m.projection, s_.hidden, s_.out);
    weights.pack(input(run, in_.w_hh), 1, s_.out);
    std::fill_n(m.zero, padded(std::max(s_.hidden, s_.out)), T{});
    if (o_.projected) projection.pack(input(run, in_.w_hr), 1, s_.hidden);
    std::copy_n(input(run, in_.dh), s_.items * s_.out, output(run, out_.dh0));
    if (out_.dc0 >= 0) std::copy_n(input(run, in_.dc), s_.items * s_.hidden, output(run, out_.dc0));
    this->for_items([&](int64_t begin, int64_t end) {
      for (int64_t k = s_.steps - 1; k >= -1; --k) {
        this->for_tiles(begin, end, weights.blocks(), gate_width_ * weights.width(),
                        [&](int64_t b, int64_t r, int64_t rows) { state(run, m, weights, b, r, rows, k); });
        if (!o_.projected || k < 0) continue;
        this->for_tiles(begin, end, projection.blocks(), s_.out * projection.width(),
                        [&](int64_t b, int64_t r, int64_t rows) { unproject(run, m, projection, b, r, rows, k); });
      }
    });
  }

 private:
  struct Memory {
    T *weights, *projection, *zero;
    int64_t bytes;
    Memory(const Backward& f, void* memory) {
      Parts<T> parts(memory);
      const Sizes& s = f.s_;
      weights = parts.take(Panels<T>::size(s.out, f.gate_width_));
      projection = parts.take(f.o_.projected ? Panels<T>::size(s.hidden, s.out) : 0);
      zero = parts.take(f.padded(std::max(s.hidden, s.out)));
      bytes = parts.bytes();
    }
  };

  // The gradient of the state after step k: what step k + 1 gives back through the weights, what it carries, and that
  // of y. It goes on through the cell of step k; before the first step it is that of h0.
  void state(const KernelRun& run, const Memory& m, const Panels<T>& weights, int64_t b, int64_t first, int64_t rows,
             int64_t k) const {
    alignas(64) T tile[tile_rows * widest_panel];
    const int64_t width = weights.width(), j = b * width, n = weights.cols_of(b);
    if (k + 1 < s_.steps) {
      const T* later = output(run, out_.dstate) + at(this->time(k + 1), first, gate_width_);
      multiply_rows(rows, later, this->row_step(gate_width_), weights, b, m.zero, tile);
    } else {
      std::fill_n(tile, rows * width, T{});
    }
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t item = first + r;
      T *dh = tile + r * width, *carry = output(run, out_.dh0) + item * s_.out + j;
      for (int64_t i = 0; i < n; ++i) dh[i] += carry[i];
      const bool active = k >= 0 && this->time(k) < this->length(run, item);
      if (active) {
        const T* dy = input(run, in_.dy) + at(this->time(k), item, s_.out) + j;
        for (int64_t i = 0; i < n; ++i) dh[i] += dy[i];
        std::fill_n(carry, n, T{});
      } else {
        std::copy_n(dh, n, carry);
      }
      if (k < 0) continue;
      if (!o_.projected) {
        cell(run, item, k, j, n, active, dh);
      } else if (T* projected = output(run, out_.dprojected) + at(this->time(k), item, s_.out) + j; active) {
        std::copy_n(dh, n, projected);
      } else {
        std::fill_n(projected, n, T{});
      }
    }
  }

  void unproject(const KernelRun& run, const Memory& m, const Panels<T>& weights, int64_t b, int64_t first,
                 int64_t rows, int64_t k) const {
    alignas(64) T tile[tile_rows * widest_panel];
    const int64_t t = this->time(k), width = weights.width();
    multiply_rows(rows, output(run, out_.dprojected) + at(t, first, s_.out), this->row_step(s_.out), weights, b, m.zero,
                  tile);
    for (int64_t r = 0; r < rows; ++r) {
      cell(run, first + r, k, b * width, weights.cols_of(b), t < this->length(run, first + r), tile + r * width);
    }
  }

  void cell(const KernelRun& run, int64_t item, int64_t k, int64_t j, int64_t n, bool active, const T* dh) const {
    const int64_t t = this->time(k), hidden = s_.hidden;
    T* dx = output(run, out_.dx) + at(t, item, gate_width_) + j;
    T* dstate = output(run, out_.dstate) + at(t, item, gate_width_) + j;
    if (!active) {
      for (int64_t g = 0; g < gates_of(o_.kind); ++g) {
        std::fill_n(dx + g * hidden, n, T{});
        std::fill_n(dstate + g * hidden, n, T{});
      }
      return;
    }
    const int64_t before = o_.reverse ? t + 1 : t - 1;
    const bool is_first = before < 0 || before >= this->length(run, item);
    CellBackward<T> c{};
    c.dh = dh, c.gate = hidden, c.dx = dx, c.dstate = dstate;
    if (in_.gates >= 0) c.gates = input(run, in_.gates) + at(t, item, kept_width_) + j;
    if (in_.cells >= 0) {
      c.c = input(run, in_.cells) + at(t, item, hidden) + j;
      c.c_before =
          is_first ? input(run, in_.c0) + item * hidden + j : input(run, in_.cells) + at(before, item, hidden) + j;
      c.dc = output(run, out_.dc0) + item * hidden + j;
    } else {
      c.h = input(run, in_.y) + at(t, item, hidden) + j;
      c.h_before = is_first ? input(run, in_.h0) + item * hidden + j : input(run, in_.y) + at(before, item, hidden) + j;
      c.carry = output(run, out_.dh0) + item * hidden + j;
    }
    Cells<T>::best().backward[static_cast<int>(o_.kind)](c, n);
  }

  BackInputs in_;
  BackOutputs out_;
  int64_t gate_width_, kept_width_;
};

}  // namespace

KernelFn make_backward(const Options& options, KernelContext& context) {
  return kernel_of<Backward>(options, context);
}

}  // namespace deepseek::recurrent
