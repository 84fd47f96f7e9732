#include "deepseek/backends/cpu/ctc/ctc.h"

#include <cmath>
#include <vector>

#include "deepseek/backends/cpu/ctc/rows.h"
#include "deepseek/runtime/parallel.h"
#include "deepseek/tensor/error.h"

namespace deepseek::ctc {
namespace {

template <class T>
inline constexpr T nothing = body::nothing<T>;

// One item: its labels with a blank before, between and after them, and its rows of log probabilities.
template <class T>
struct Item {
  int64_t steps = 0, labels = 0;
  std::vector<int64_t> classes;             // 2 * labels + 1
  std::vector<T> from_before, from_behind;  // 0 where a step may jump over a blank, else -infinity
  int64_t width() const { return 2 * labels + 1; }
};

template <class T>
class Kernel {
 public:
  Kernel(const Options& o, const KernelContext& c)
      : o_(o),
        steps_(c.inputs[0].spec.shape[0]),
        items_(c.inputs[0].spec.shape[1]),
        classes_(c.inputs[0].spec.shape[2]),
        joined_(c.inputs[1].spec.rank() == 1),
        targets_(c.inputs[1].spec.numel()),
        row_(2 * o.longest + 1) {}

  void forward(const KernelRun& run) const {
    const T* x = static_cast<const T*>(run.inputs[0]);
    T *loss = static_cast<T*>(run.outputs[0]), *alphas = static_cast<T*>(run.outputs[1]);
    const std::vector<Item<T>> all = items(run);
    parallel_for(items_, 1, [&](int64_t begin, int64_t end) {
      std::vector<T> emitted(static_cast<size_t>(row_)), shifted(static_cast<size_t>(row_ + 2));
      for (int64_t n = begin; n < end; ++n) {
        const Item<T>& item = all[static_cast<size_t>(n)];
        T* alpha = alphas + n * steps_ * row_;
        std::fill_n(alpha, steps_ * row_, nothing<T>);
        if (item.steps == 0) {
          loss[n] = item.labels == 0 ? T{} : -nothing<T>;
          continue;
        }
        const int64_t w = item.width();
        for (int64_t t = 0; t < item.steps; ++t, alpha += row_) {
          emit(x + (t * items_ + n) * classes_, item, emitted.data());
          if (t == 0) {
            std::copy_n(emitted.data(), std::min<int64_t>(2, w), alpha);
            continue;
          }
          before(alpha - row_, w, shifted.data());
          Rows<T>::best().advance(alpha - row_, shifted.data() + 1, shifted.data(), item.from_before.data(),
                                  emitted.data(), alpha, w);
        }
        const T* last = alpha - row_;
        loss[n] = -joined(last[w - 1], w > 1 ? last[w - 2] : nothing<T>);
      }
    });
  }

  void backward(const KernelRun& run) const {
    const T *x = static_cast<const T*>(run.inputs[0]), *loss = static_cast<const T*>(run.inputs[4]);
    const T *alphas = static_cast<const T*>(run.inputs[5]), *up = static_cast<const T*>(run.inputs[6]);
    T* dx = static_cast<T*>(run.outputs[0]);
    const std::vector<Item<T>> all = items(run);
    std::fill_n(dx, steps_ * items_ * classes_, T{});
    parallel_for(items_, 1, [&](int64_t begin, int64_t end) {
      const auto row = static_cast<size_t>(row_);
      std::vector<T> emitted(row), shifted(row + 2), beta(row), next(row), share(row);
      for (int64_t n = begin; n < end; ++n) {
        const Item<T>& item = all[static_cast<size_t>(n)];
        const int64_t w = item.width();
        for (int64_t t = item.steps - 1; t >= 0; --t) {
          const T* probabilities = x + (t * items_ + n) * classes_;
          emit(probabilities, item, emitted.data());
          if (t == item.steps - 1) {
            std::fill_n(beta.data(), w, nothing<T>);
            for (int64_t s = std::max<int64_t>(0, w - 2); s < w; ++s)
              beta[static_cast<size_t>(s)] = emitted[static_cast<size_t>(s)];
          } else {
            behind(beta.data(), w, shifted.data());
            Rows<T>::best().advance(beta.data(), shifted.data() + 1, shifted.data() + 2, item.from_behind.data(),
                                    emitted.data(), next.data(), w);
            beta.swap(next);
          }
          Rows<T>::best().shares(alphas + (n * steps_ + t) * row_, beta.data(), emitted.data(), -loss[n], share.data(),
                                 w);
          T* to = dx + (t * items_ + n) * classes_;
          for (int64_t s = 0; s < w; ++s) to[item.classes[static_cast<size_t>(s)]] += share[static_cast<size_t>(s)];
          const T factor = std::isinf(loss[n]) && up[n] != 0 ? std::numeric_limits<T>::quiet_NaN() : up[n];
          Rows<T>::best().differences(probabilities, factor, to, classes_);
        }
      }
    });
  }

 private:
  std::vector<Item<T>> items(const KernelRun& run) const {
    const auto* targets = static_cast<const int64_t*>(run.inputs[1]);
    const auto* steps = static_cast<const int64_t*>(run.inputs[2]);
    const auto* labels = static_cast<const int64_t*>(run.inputs[3]);
    std::vector<Item<T>> out(static_cast<size_t>(items_));
    int64_t at = 0;
    for (int64_t n = 0; n < items_; ++n) {
      Item<T>& item = out[static_cast<size_t>(n)];
      item.steps = steps[n], item.labels = labels[n];
      ensure(item.steps >= 0 && item.steps <= steps_, "ctc_loss: input_lengths must lie in [0, ", steps_, "], but are ",
             item.steps, " at ", n);
      ensure(item.labels >= 0 && item.labels <= o_.longest && (!joined_ || at + item.labels <= targets_),
             "ctc_loss: target_lengths must fit targets of ", joined_ ? targets_ : o_.longest, " labels, but are ",
             item.labels, " at ", n);
      const int64_t* mine = targets + (joined_ ? at : n * o_.longest);
      at += item.labels;
      item.classes.assign(static_cast<size_t>(item.width()), o_.blank);
      item.from_before.assign(static_cast<size_t>(item.width()), nothing<T>);
      item.from_behind = item.from_before;
      for (int64_t i = 0; i < item.labels; ++i) {
        ensure(mine[i] >= 0 && mine[i] < classes_, "ctc_loss: targets must lie in [0, ", classes_, "), but one is ",
               mine[i]);
        const auto s = static_cast<size_t>(2 * i + 1);
        item.classes[s] = mine[i];
        if (i == 0 || mine[i] == mine[i - 1]) continue;
        item.from_before[s] = item.from_behind[s - 2] = T{};
      }
    }
    return out;
  }

  static void emit(const T* row, const Item<T>& item, T* to) {
    for (size_t s = 0; s < item.classes.size(); ++s) to[s] = row[item.classes[s]];
  }
  // to[s] = row[s - 2] and to[s + 1] = row[s - 1]
  static void before(const T* row, int64_t w, T* to) {
    to[0] = to[1] = nothing<T>;
    std::copy_n(row, w, to + 2);
  }
  // to[s] = row[s]; to[w] and to[w + 1] are none
  static void behind(const T* row, int64_t w, T* to) {
    std::copy_n(row, w, to);
    to[w] = to[w + 1] = nothing<T>;
  }
  static T joined(T a, T b) {
    const T top = std::max(a, b);
    return top == nothing<T> ? top : top + std::log(std::exp(a - top) + std::exp(b - top));
  }

  Options o_;
  int64_t steps_, items_, classes_;
  bool joined_;
  int64_t targets_, row_;
};

}  // namespace

KernelFn make_forward(const Options& o, KernelContext& c) {
  c.require_contiguous();
  if (c.inputs[0].spec.dtype == DType::float64)
    return [k = Kernel<double>(o, c)](const KernelRun& run) { k.forward(run); };
  return [k = Kernel<float>(o, c)](const KernelRun& run) { k.forward(run); };
}

KernelFn make_backward(const Options& o, KernelContext& c) {
  c.require_contiguous();
  if (c.inputs[0].spec.dtype == DType::float64)
    return [k = Kernel<double>(o, c)](const KernelRun& run) { k.backward(run); };
  return [k = Kernel<float>(o, c)](const KernelRun& run) { k.backward(run); };
}

}  // namespace deepseek::ctc
