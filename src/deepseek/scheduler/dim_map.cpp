#include "deepseek/scheduler/dim_map.h"

namespace deepseek::scheduler {

DimMap DimMap::identity(const Shape& shape) {
  DimMap m;
  for (int d = 0; d < shape.size(); ++d) m.push(shape[d] == 1 ? -1 : d);
  return m;
}

std::optional<DimMap> map_of_view(const Ir& ir, const IrNode& n) {
  const Spec& in = ir.spec(n.inputs[0]);
  const Spec& out = ir.spec(n.first_output);
  if (in.numel() == 0 || out.numel() == 0) return {};
  // Strides that no two dims can be merged under, so that each stride of the view names the dim it comes from.
  Strides probe;
  for (int d = 0; d < in.rank(); ++d) probe.push_back(int64_t{1} << (6 * (in.rank() - d)));
  for (int d = 0; d < in.rank(); ++d) probe[d] = probe[d] * 1021 + 2 * d + 1;
  Strides strides;
  int64_t offset = 0;
  if (!n.op->view(n.attrs, in, probe, strides, offset) || offset != 0) return {};
  DimMap m;
  uint32_t used = 0;
  for (int d = 0; d < out.rank(); ++d) {
    int from = -1;
    if (out.shape[d] != 1 && strides[d] != 0) {
      for (int k = 0; k < in.rank(); ++k) {
        if (strides[d] == probe[k] && out.shape[d] == in.shape[k]) from = k;
      }
      if (from < 0) return {};
      used |= 1u << from;
    }
    m.push(from);
  }
  // A view that takes the first of several rows leaves out a dim without an offset; it is not the whole value.
  for (int k = 0; k < in.rank(); ++k) {
    if (in.shape[k] != 1 && !(used >> k & 1)) return {};
  }
  return m;
}

std::vector<Base> find_bases(const Ir& ir) {
  std::vector<Base> bases(ir.values.size());
  for (size_t v = 0; v < ir.values.size(); ++v) bases[v] = {static_cast<int>(v), DimMap::identity(ir.values[v].spec.shape)};
  for (const IrNode& n : ir.nodes) {
    if (n.kind != IrKind::view) continue;
    const std::optional<DimMap> m = map_of_view(ir, n);
    if (!m) continue;
    const Base& inner = bases[static_cast<size_t>(n.inputs[0])];
    Base b{inner.value, {}};
    for (int d = 0; d < m->rank; ++d) b.map.push((*m)[d] < 0 ? -1 : inner.map[(*m)[d]]);
    bases[static_cast<size_t>(n.first_output)] = b;
  }
  return bases;
}

DimMap broadcast_map(const Base& operand, const Shape& operand_shape, const Shape& out) {
  DimMap m;
  const int extra = out.size() - operand_shape.size();
  for (int d = 0; d < out.size(); ++d) m.push(d < extra || out[d] == 1 ? -1 : operand.map[d - extra]);
  return m;
}

}  // namespace deepseek::scheduler
