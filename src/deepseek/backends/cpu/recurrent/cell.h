// The arithmetic of one step for neighbouring units of one item, compiled for each instruction set.
#pragma once
#include "deepseek/backends/cpu/fused/math/exp.h"
#include "deepseek/backends/cpu/recurrent/recurrent.h"

namespace deepseek::recurrent {

template <class T>
struct CellForward {
  const T* state;  // products with the state, one gate `state_gate` after the other
  int64_t state_gate;
  T* gates;  // products with the input, one gate `gate` after the other; become the gates
  int64_t gate;
  const T* h_before;  // gru
  T* c;               // lstm: the cell, before and after
  T* h;
  bool keep;
};

template <class T>
struct CellBackward {
  const T* dh;
  const T* gates;
  int64_t gate;
  const T *c, *c_before;  // lstm
  const T *h, *h_before;  // tanh and relu; gru
  T* dc;                  // lstm: the gradient of the cell, after and before
  T* carry;               // what reaches the state before without the weights
  T *dx, *dstate;         // gradients of the products, one gate `gate` after the other
};

template <class T>
struct Cells {
  void (*forward[4])(const CellForward<T>&, int64_t n);
  void (*backward[4])(const CellBackward<T>&, int64_t n);
  static const Cells& best();
};

namespace body {

template <class T>
DEEPSEEK_INLINE void tanh_forward(const CellForward<T>& s, int64_t n) {
  const T *x = s.gates, *u = s.state;
  T* h = s.h;
  DEEPSEEK_IVDEP
  for (int64_t i = 0; i < n; ++i) h[i] = fused::tanh(x[i] + u[i]);
}
template <class T>
DEEPSEEK_INLINE void relu_forward(const CellForward<T>& s, int64_t n) {
  const T *x = s.gates, *u = s.state;
  T* h = s.h;
  DEEPSEEK_IVDEP
  for (int64_t i = 0; i < n; ++i) {
    const T v = x[i] + u[i];
    h[i] = v < T{} ? T{} : v;  // NaN stays
  }
}
template <class T>
DEEPSEEK_INLINE void tanh_backward(const CellBackward<T>& s, int64_t n) {
  DEEPSEEK_IVDEP
  for (int64_t i = 0; i < n; ++i) s.dx[i] = s.dh[i] * (1 - s.h[i] * s.h[i]);
}
template <class T>
DEEPSEEK_INLINE void relu_backward(const CellBackward<T>& s, int64_t n) {
  DEEPSEEK_IVDEP
  for (int64_t i = 0; i < n; ++i) s.dx[i] = s.h[i] > T{} ? s.dh[i] : T{};
}

template <class T>
DEEPSEEK_INLINE void lstm_forward(const CellForward<T>& s, int64_t n) {
  T *gi = s.gates, *gf = gi + s.gate, *gg = gf + s.gate, *go = gg + s.gate, *cell = s.c, *h = s.h;
  const T *ui = s.state, *uf = ui + s.state_gate, *ug = uf + s.state_gate, *uo = ug + s.state_gate;
  DEEPSEEK_IVDEP
  for (int64_t j = 0; j < n; ++j) {
    const T i = fused::sigmoid(gi[j] + ui[j]), f = fused::sigmoid(gf[j] + uf[j]);
    const T g = fused::tanh(gg[j] + ug[j]), o = fused::sigmoid(go[j] + uo[j]);
    const T c = f * cell[j] + i * g;
    gi[j] = i, gf[j] = f, gg[j] = g, go[j] = o;
    cell[j] = c;
    h[j] = o * fused::tanh(c);
  }
}
template <class T>
DEEPSEEK_INLINE void lstm_backward(const CellBackward<T>& s, int64_t n) {
  const T *gi = s.gates, *gf = gi + s.gate, *gg = gf + s.gate, *go = gg + s.gate, *dh = s.dh, *cell = s.c,
          *before = s.c_before;
  T *xi = s.dx, *xf = xi + s.gate, *xg = xf + s.gate, *xo = xg + s.gate, *carried = s.dc;
  DEEPSEEK_IVDEP
  for (int64_t j = 0; j < n; ++j) {
    const T i = gi[j], f = gf[j], g = gg[j], o = go[j];
    const T t = fused::tanh(cell[j]);
    const T dc = carried[j] + dh[j] * o * (1 - t * t);
    xi[j] = dc * g * i * (1 - i);
    xf[j] = dc * before[j] * f * (1 - f);
    xg[j] = dc * i * (1 - g * g);
    xo[j] = dh[j] * t * o * (1 - o);
    carried[j] = dc * f;
  }
}

template <class T, bool Keep>
DEEPSEEK_INLINE void gru_step(const CellForward<T>& s, int64_t n) {
  T *gr = s.gates, *gz = gr + s.gate, *gn = gz + s.gate, *gu = gn + s.gate, *h = s.h;
  const T *ur = s.state, *uz = ur + s.state_gate, *un = uz + s.state_gate, *before = s.h_before;
  DEEPSEEK_IVDEP
  for (int64_t j = 0; j < n; ++j) {
    const T r = fused::sigmoid(gr[j] + ur[j]), z = fused::sigmoid(gz[j] + uz[j]), u = un[j];
    const T candidate = fused::tanh(gn[j] + r * u);
    if constexpr (Keep) gr[j] = r, gz[j] = z, gn[j] = candidate, gu[j] = u;
    h[j] = candidate + z * (before[j] - candidate);
  }
}
template <class T>
DEEPSEEK_INLINE void gru_forward(const CellForward<T>& s, int64_t n) {
  if (s.keep)
    gru_step<T, true>(s, n);
  else
    gru_step<T, false>(s, n);
}
template <class T>
DEEPSEEK_INLINE void gru_backward(const CellBackward<T>& s, int64_t n) {
  const T *gr = s.gates, *gz = gr + s.gate, *gn = gz + s.gate, *gu = gn + s.gate, *dh = s.dh, *before = s.h_before;
  T *xr = s.dx, *xz = xr + s.gate, *xn = xz + s.gate, *sr = s.dstate, *sz = sr + s.gate, *sn = sz + s.gate,
    *carry = s.carry;
  DEEPSEEK_IVDEP
  for (int64_t j = 0; j < n; ++j) {
    const T r = gr[j], z = gz[j], c = gn[j], u = gu[j];
    const T dn = dh[j] * (1 - z) * (1 - c * c), dz = dh[j] * (before[j] - c) * z * (1 - z), dr = dn * u * r * (1 - r);
    xr[j] = dr, xz[j] = dz, xn[j] = dn;
    sr[j] = dr, sz[j] = dz, sn[j] = dn * r;
    carry[j] = dh[j] * z;
  }
}

}  // namespace body
}  // namespace deepseek::recurrent
