#include "deepseek/backends/cpu/pool/walk.h"

namespace deepseek::pool {
namespace {

template <class S>
class Max {
 public:
  using T = Compute<S>;
  Max(const Windows& w, const Row& row, const KernelRun& run) : w_(w), row_(row), run_(run), image_(static_cast<const S*>(run.inputs[0])) {}

  void value() const {
    S* to = static_cast<S*>(run_.outputs[0]);
    parallel_rows(w_, [&](int64_t row) {
      const Lines<T> lines(w_);
      bool first = true;
      each_input_row(w_, row_index(w_, row), [&](int64_t offset, int32_t) {
        if (first) load(offset, lines.column);
        else lanes_.max_down(image_ + offset, lines.column, line());
        first = false;
      });
      S* out = to + row * outputs();
      if constexpr (std::is_same_v<S, T>) {
        lanes_.max_across(lines.column, row_, out);
      } else {
        lanes_.max_across(lines.column, row_, lines.best);
        for (int64_t i = 0; i < outputs(); ++i) out[i] = gemm::store_element<S>(lines.best[i]);
      }
    });
  }

  void index() const {
    int64_t* to = static_cast<int64_t*>(run_.outputs[0]);
    parallel_rows(w_, [&](int64_t row) {
      const Lines<T> lines(w_);
      find(row, lines);
      std::copy_n(lines.place, outputs(), to + row * outputs());
    });
  }

  void gather() const {
    const S* from = static_cast<const S*>(run_.inputs[1]);
    S* to = static_cast<S*>(run_.outputs[0]);
    parallel_rows(w_, [&](int64_t row) {
      const Lines<T> lines(w_);
      find(row, lines);
      const S* image = from + row_index(w_, row).n * image_size();
      each_output([&](int64_t i, int64_t c) { to[row * outputs() + i] = image[lines.place[i] * w_.channels + c]; });
    });
  }

  void scatter() const {
    const S* grad = static_cast<const S*>(run_.inputs[1]);
    S* to = static_cast<S*>(run_.outputs[0]);
    parallel_images(w_, [&](int64_t n, int64_t begin, int64_t end) {
      S* image = to + n * image_size();
      std::fill_n(image, image_size(), S{});
      const Lines<T> lines(w_);
      for (int64_t row = begin; row < end; ++row) {
        find(row, lines);
        const S* from = grad + row * outputs();
        each_output([&](int64_t i, int64_t c) {
          S& target = image[lines.place[i] * w_.channels + c];
          target = gemm::store_element<S>(gemm::load_element<T>(target) + gemm::load_element<T>(from[i]));
        });
      }
    });
  }

 private:
  int64_t line() const { return w_.in[2] * w_.channels; }
  int64_t outputs() const { return w_.out[2] * w_.channels; }
  int64_t image_size() const { return w_.in[0] * w_.in[1] * line(); }
  void load(int64_t offset, T* to) const {
    for (int64_t i = 0; i < line(); ++i) to[i] = gemm::load_element<T>(image_[offset + i]);
  }
  template <class F>
  void each_output(F&& f) const {
    for (int64_t x = 0, i = 0; x < w_.out[2]; ++x) {
      for (int64_t c = 0; c < w_.channels; ++c, ++i) f(i, c);
    }
  }

  // The places of the maxima of a row of outputs.
  void find(int64_t row, const Lines<T>& lines) const {
    bool first = true;
    each_input_row(w_, row_index(w_, row), [&](int64_t offset, int32_t at) {
      if (first) {
        load(offset, lines.column);
        std::fill_n(lines.row, line(), at);
      } else {
        lanes_.place_down(image_ + offset, at, lines.column, lines.row, line());
      }
      first = false;
    });
    lanes_.place_across(lines.column, lines.row, row_, lines.best, lines.place);
  }

  const Windows& w_;
  const Row row_;
  const KernelRun& run_;
  const S* image_;
  const Lanes<S>& lanes_ = Lanes<S>::best();
};

}  // namespace

KernelFn make_max(MaxKind kind, const Windows& windows, KernelContext& context) {
  ask_channels_last(context);
  return visit_dtype(context.inputs[0].spec.dtype, [&](auto element) -> KernelFn {
    using S = std::conditional_t<std::is_same_v<decltype(element), bool>, uint8_t, decltype(element)>;
    return [kind, windows, table = RowTable(windows)](const KernelRun& run) {
      const Max<S> max(windows, table.row(windows), run);
      switch (kind) {
        case MaxKind::value: return max.value();
        case MaxKind::index: return max.index();
        case MaxKind::scatter: return max.scatter();
        case MaxKind::gather: return max.gather();
      }
    };
  });
}

}  // namespace deepseek::pool
