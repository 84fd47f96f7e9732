#include "deepseek/backends/cpu/gemm/matmul.h"
#include "deepseek/backends/cpu/recurrent/sequence.h"
#include "deepseek/tensor/error.h"

namespace deepseek::recurrent {
namespace {

template <class T>
class Forward : Sequence<T> {
  using Base = Sequence<T>;
  using Base::at, Base::in_, Base::input, Base::o_, Base::output, Base::padded, Base::s_;

 public:
  Forward(const Options& options, const KernelContext& c)
      : Base(options, c), out_(options), gates_(gates_of(options.kind)) {
    kept_width_ = (out_.gates >= 0 ? kept_of(o_.kind) : gates_) * s_.hidden;
    const gemm::MatMulShape shape{.m = s_.steps * s_.items,
                                  .n = gates_ * s_.hidden,
                                  .k = s_.features,
                                  .a_row = s_.features,
                                  .a_col = 1,
                                  .b_row = 1,
                                  .b_col = s_.features,
                                  .c_row = kept_width_,
                                  .batch = {{0, 0, 0}}};
    gemm::Epilogue end;
    if (o_.bias) end.bias = 2;
    from_inputs_ = gemm::make_matmul(c.inputs[0].spec.dtype, shape, end);
  }

  int64_t workspace() const { return Memory(*this, nullptr).bytes; }

  void operator()(const KernelRun& run) const {
    check_lengths(run);
    Memory m(*this, run.workspace);
    if (out_.gates >= 0) m.gates = output(run, out_.gates);
    if (s_.steps * s_.items > 0) products_of_inputs(run, m.gates);
    std::vector<Panels<T>> weights;
    for (int64_t g = 0; g < gates_; ++g) {
      weights.emplace_back(m.weights + g * Panels<T>::size(s_.hidden, s_.out), s_.hidden, s_.out);
      weights.back().pack(input(run, in_.w_hh) + g * s_.hidden * s_.out, s_.out, 1);
      T* start = std::fill_n(m.start + g * padded(s_.hidden), padded(s_.hidden), T{}) - padded(s_.hidden);
      if (o_.bias) std::copy_n(input(run, in_.b_hh) + g * s_.hidden, s_.hidden, start);
    }
    Panels<T> projection(m.projection, s_.out, s_.hidden);
    if (o_.projected) {
      projection.pack(input(run, in_.w_hr), s_.hidden, 1);
      std::fill_n(m.zero, padded(s_.out), T{});
    }
    std::copy_n(input(run, in_.h0), s_.items * s_.out, m.state[0]);
    if (out_.c >= 0) std::copy_n(input(run, in_.c0), s_.items * s_.hidden, output(run, out_.c));
    this->for_items([&](int64_t begin, int64_t end) {
      for (int64_t k = 0; k < s_.steps; ++k) {
        const T* now = m.state[k % 2];
        T* next = m.state[(k + 1) % 2];
        const int64_t t = this->time(k);
        this->for_tiles(begin, end, weights[0].blocks(), gates_ * s_.out * weights[0].width(),
                        [&](int64_t b, int64_t r, int64_t rows) { units(run, m, weights, b, r, rows, t, now, next); });
        if (!o_.projected) continue;
        this->for_tiles(
            begin, end, projection.blocks(), s_.hidden * projection.width(),
            [&](int64_t b, int64_t r, int64_t rows) { project(run, m, projection, b, r, rows, t, now, next); });
      }
    });
    std::copy_n(m.state[s_.steps % 2], s_.items * s_.out, output(run, out_.h));
  }

 private:
  struct Memory {
    T *weights, *start, *state[2], *gates, *projection, *zero, *cell_output;
    int64_t bytes;
    Memory(const Forward& f, void* memory) {
      Parts<T> parts(memory);
      const Sizes& s = f.s_;
      weights = parts.take(f.gates_ * Panels<T>::size(s.hidden, s.out));
      start = parts.take(f.gates_ * f.padded(s.hidden));
      for (T*& one : state) one = parts.take(s.items * s.out);
      gates = parts.take(f.out_.gates >= 0 ? 0 : s.steps * s.items * f.kept_width_);
      projection = parts.take(f.o_.projected ? Panels<T>::size(s.out, s.hidden) : 0);
      zero = parts.take(f.o_.projected ? f.padded(s.out) : 0);
      cell_output = parts.take(f.o_.projected ? s.items * s.hidden : 0);
      bytes = parts.bytes();
    }
  };

  void check_lengths(const KernelRun& run) const {
    constexpr const char* names[] = {"rnn_tanh", "rnn_relu", "lstm", "gru"};
    for (int64_t i = 0; o_.masked && i < s_.items; ++i) {
      const int64_t n = this->length(run, i);
      ensure(n >= 0 && n <= s_.steps, names[static_cast<int>(o_.kind)], ": lengths must lie in [0, ", s_.steps,
             "], but are ", n, " at ", i);
    }
  }

  void products_of_inputs(const KernelRun& run, T* gates) const {
    const int bias = o_.bias ? in_.b_ih : in_.x;
    const void* inputs[] = {run.inputs[in_.x], run.inputs[in_.w_ih], run.inputs[bias]};
    Storage* const storages[] = {run.input_storages[in_.x], run.input_storages[in_.w_ih], run.input_storages[bias]};
    void* outputs[] = {gates};
    from_inputs_({inputs, outputs, nullptr, storages});
  }

  void units(const KernelRun& run, const Memory& m, const std::vector<Panels<T>>& weights, int64_t b, int64_t first,
             int64_t rows, int64_t t, const T* now, T* next) const {
    alignas(64) T tile[4 * tile_rows * widest_panel];
    const int64_t width = weights[0].width(), j = b * width, n = weights[0].cols_of(b), hidden = s_.hidden;
    for (int64_t g = 0; g < gates_; ++g) {
      multiply_rows(rows, now + first * s_.out, s_.out, weights[static_cast<size_t>(g)], b,
                    m.start + g * padded(hidden) + j, tile + g * rows * width);
    }
    const auto cell = Cells<T>::best().forward[static_cast<int>(o_.kind)];
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t item = first + r;
      T* gates = m.gates + at(t, item, kept_width_) + j;
      T* c = out_.c >= 0 ? output(run, out_.c) + item * hidden + j : nullptr;
      T* kept_c = out_.cells >= 0 ? output(run, out_.cells) + at(t, item, hidden) + j : nullptr;
      T* y = output(run, out_.y) + at(t, item, s_.out) + j;
      if (t < this->length(run, item)) {
        T* h = o_.projected ? m.cell_output + item * hidden + j : next + item * hidden + j;
        cell({tile + r * width, rows * width, gates, hidden, now + item * s_.out + j, c, h, out_.gates >= 0}, n);
        if (kept_c) std::copy_n(c, n, kept_c);
        if (!o_.projected) std::copy_n(h, n, y);
        continue;
      }
      if (kept_c) std::fill_n(kept_c, n, T{});
      if (out_.gates >= 0) {
        for (int64_t g = 0; g < kept_of(o_.kind); ++g) std::fill_n(gates + g * hidden, n, T{});
      }
      if (o_.projected) continue;
      std::copy_n(now + item * hidden + j, n, next + item * hidden + j);
      std::fill_n(y, n, T{});
    }
  }

  void project(const KernelRun& run, const Memory& m, const Panels<T>& weights, int64_t b, int64_t first, int64_t rows,
               int64_t t, const T* now, T* next) const {
    alignas(64) T tile[tile_rows * widest_panel];
    const int64_t width = weights.width(), j = b * width, n = weights.cols_of(b);
    multiply_rows(rows, m.cell_output + first * s_.hidden, s_.hidden, weights, b, m.zero, tile);
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t item = first + r;
      const bool active = t < this->length(run, item);
      T* y = output(run, out_.y) + at(t, item, s_.out) + j;
      std::copy_n(active ? tile + r * width : now + item * s_.out + j, n, next + item * s_.out + j);
      if (active)
        std::copy_n(tile + r * width, n, y);
      else
        std::fill_n(y, n, T{});
    }
  }

  Outputs out_;
  int64_t gates_, kept_width_;
  KernelFn from_inputs_;
};

}  // namespace

KernelFn make_forward(const Options& options, KernelContext& context) {
  return kernel_of<Forward>(options, context);
}

}  // namespace deepseek::recurrent
