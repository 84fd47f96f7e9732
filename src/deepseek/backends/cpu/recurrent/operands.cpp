#include "deepseek/backends/cpu/recurrent/recurrent.h"

namespace deepseek::recurrent {

Inputs::Inputs(const Options& o) {
  if (o.kind == Kind::lstm) c0 = count++;
  if (o.bias) b_ih = count++, b_hh = count++;
  if (o.projected) w_hr = count++;
  if (o.masked) lengths = count++;
}

Outputs::Outputs(const Options& o) {
  if (o.kind == Kind::lstm) c = count++;
  if (!o.keep) return;
  if (kept_of(o.kind) > 0) gates = count++;
  if (o.kind == Kind::lstm) cells = count++;
}

BackInputs::BackInputs(const Options& o) : Inputs(o) {
  y = count++;
  if (kept_of(o.kind) > 0) gates = count++;
  if (o.kind == Kind::lstm) cells = count++;
  dy = count++, dh = count++;
  if (o.kind == Kind::lstm) dc = count++;
}

BackOutputs::BackOutputs(const Options& o) {
  if (o.kind == Kind::lstm) dc0 = count++;
  if (o.kind == Kind::gru) dstate = count++;
  if (o.projected) dprojected = count++;
}

Sizes::Sizes(const Options& o, const Shape& x, const Shape& w_ih, const Shape& w_hh)
    : steps(x[o.batch_first ? 1 : 0]),
      items(x[o.batch_first ? 0 : 1]),
      features(x[2]),
      hidden(w_ih[0] / gates_of(o.kind)),
      out(w_hh[1]) {}

}  // namespace deepseek::recurrent
