#include "deepseek/backends/cpu/recurrent/cell.h"

namespace deepseek::recurrent {
namespace {

#define DEEPSEEK_CELL(name, target)                                         \
  target static void name##_forward(const CellForward<T>& s, int64_t n) {   \
    body::name##_forward(s, n);                                             \
  }                                                                         \
  target static void name##_backward(const CellBackward<T>& s, int64_t n) { \
    body::name##_backward(s, n);                                            \
  }
#define DEEPSEEK_CELLS(Name, target)                                                                  \
  template <class T>                                                                                  \
  struct Name {                                                                                       \
    DEEPSEEK_CELL(tanh, target)                                                                       \
    DEEPSEEK_CELL(relu, target)                                                                       \
    DEEPSEEK_CELL(lstm, target)                                                                       \
    DEEPSEEK_CELL(gru, target)                                                                        \
    static constexpr Cells<T> table{{&tanh_forward, &relu_forward, &lstm_forward, &gru_forward},      \
                                    {&tanh_backward, &relu_backward, &lstm_backward, &gru_backward}}; \
  };
DEEPSEEK_CELLS(Baseline, )
DEEPSEEK_CELLS(Avx2, DEEPSEEK_TARGET_AVX2)
DEEPSEEK_CELLS(Avx512, DEEPSEEK_TARGET_AVX512)
#undef DEEPSEEK_CELLS
#undef DEEPSEEK_CELL

}  // namespace

template <class T>
const Cells<T>& Cells<T>::best() {
  static constexpr const Cells<T>* table[] = {&Baseline<T>::table, &Avx2<T>::table, &Avx512<T>::table};
  return *table[static_cast<int>(fused::current_isa())];
}
template const Cells<float>& Cells<float>::best();
template const Cells<double>& Cells<double>::best();

}  // namespace deepseek::recurrent
