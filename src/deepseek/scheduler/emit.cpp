#include "deepseek/scheduler/emit.h"

#include "deepseek/graph/leaf.h"
#include "deepseek/ops/core/kinds.h"
#include "deepseek/scheduler/emitter.h"

namespace deepseek::scheduler {

Emitter::Emitter(const Ir& ir, const Grouping& grouping, const Walk& walk) : ir_(ir), grouping_(grouping), walk_(walk) {
  locations_.resize(ir.values.size());
  constants_.assign(ir.values.size(), -1);
  stored_.assign(ir.values.size(), 0);
  const auto group_of = [&](int node) {
    const int g = grouping.group_of[static_cast<size_t>(node)];
    return g < 0 ? -1 : grouping.find(g);
  };
  for (size_t i = 0; i < ir.nodes.size(); ++i) {
    const IrNode& n = ir.nodes[i];
    if (n.kind == IrKind::view) continue;
    const int g = group_of(static_cast<int>(i));
    for (int v : n.inputs) {
      const int b = grouping.bases[static_cast<size_t>(v)].value;
      const int source = ir.node_of(b).kind == IrKind::view || n.kind == IrKind::kernel ? stored_source(ir, v) : b;
      if (source != b || n.kind == IrKind::kernel || group_of(ir.values[static_cast<size_t>(b)].node) != g) {
        stored_[static_cast<size_t>(source)] = 1;
      }
    }
  }
  // What is kept may be a view.
  for (size_t v = 0; v < ir.values.size(); ++v) {
    if (ir.values[v].keep) stored_[static_cast<size_t>(stored_source(ir, static_cast<int>(v)))] = 1;
  }
}

int Emitter::new_buffer(PlanBuffer b) {
  plan_.buffers.push_back(std::move(b));
  return static_cast<int>(plan_.buffers.size()) - 1;
}

int Emitter::scalar_index(int value) {
  const IrNode& n = ir_.node_of(value);
  if (n.kind == IrKind::scalar) return n.slot;
  int& c = constants_[static_cast<size_t>(value)];
  if (c < 0) {
    c = static_cast<int>(walk_.scalars.size() + plan_.constants.size());
    plan_.constants.push_back(n.bits);
  }
  return c;
}

// The extent of a dense value in memory, in bytes.
static int64_t extent(const Spec& spec, const Strides& strides) {
  if (spec.numel() == 0) return 0;
  int64_t last = 0;
  for (int d = 0; d < spec.rank(); ++d) last += (spec.shape[d] - 1) * strides[d];
  return (last + 1) * size_of(spec.dtype);
}

Location& Emitter::allocate(int value, const Strides& strides) {
  Location& l = locations_[static_cast<size_t>(value)];
  const int64_t bytes = extent(ir_.spec(value), strides);
  l = {new_buffer({.source = PlanBuffer::Source::arena, .bytes = bytes}), 0, strides};
  return l;
}

const Location& Emitter::locate(int value) {
  Location& l = locations_[static_cast<size_t>(value)];
  if (l.buffer >= 0) return l;
  const IrNode& n = ir_.node_of(value);
  const Spec& spec = ir_.spec(value);
  switch (n.kind) {
    case IrKind::leaf: {
      const Walk::Leaf& leaf = walk_.leaves[static_cast<size_t>(n.slot)];
      const Buffer& b = leaf.node->outputs()[static_cast<size_t>(leaf.output)].buffer;
      l = {new_buffer({.source = PlanBuffer::Source::leaf, .bytes = spec.bytes(), .slot = n.slot}), 0, b.strides};
      return l;
    }
    case IrKind::data:
      l = {new_buffer({.source = PlanBuffer::Source::data, .bytes = spec.bytes(), .data = n.buffer.storage}), n.buffer.offset,
           n.buffer.strides};
      return l;
    case IrKind::view: {
      Location base = locate(n.inputs[0]);
      const Spec& in = ir_.spec(n.inputs[0]);
      Strides strides;
      int64_t offset = 0;
      if (!n.op->view(n.attrs, in, base.strides, strides, offset)) {
        base = copy(base, in, contiguous_strides(in.shape), n.origin);
        offset = 0;
        DEEPSEEK_CHECK(n.op->view(n.attrs, in, base.strides, strides, offset), n.op->info.name);
      }
      return locations_[static_cast<size_t>(value)] = {base.buffer, base.offset + offset, strides};
    }
    default: {
      DEEPSEEK_CHECK(n.kind == IrKind::scalar || n.kind == IrKind::constant || n.kind == IrKind::iota, "a value is used before it is computed");
      write_number(value);
      return locations_[static_cast<size_t>(value)];
    }
  }
}

int Emitter::add_access(fused::Program& p, PlanStep& step, const Location& l, DType dtype, Strides strides, bool output) {
  fused::Access a{.kind = fused::Access::Kind::memory, .dtype = dtype, .buffer = static_cast<int>(step.operands.size()),
                  .offset = 0, .strides = strides};
  step.operands.push_back({l.buffer, l.offset * size_of(dtype), output});
  p.accesses.push_back(a);
  return static_cast<int>(p.accesses.size()) - 1;
}

void Emitter::push(PlanStep step, int origin, std::string name) {
  step.origin = origin;
  step.name = std::move(name);
  step.layer = walk_.order[static_cast<size_t>(origin)]->layer;
  plan_.steps.push_back(std::move(step));
}

Location Emitter::copy(const Location& from, const Spec& spec, const Strides& to_strides, int origin) {
  const Location to{new_buffer({.source = PlanBuffer::Source::arena, .bytes = extent(spec, to_strides)}), 0, to_strides};
  auto program = std::make_unique<fused::Program>();
  PlanStep step;
  // The order of memory of the source.
  std::vector<int> order = dims_by_stride(spec.shape, from.strides);
  Strides in, out;
  for (int d : order) {
    program->domain.push_back(spec.shape[d]);
    in.push_back(from.strides[d]);
    out.push_back(to_strides[d]);
  }
  const int load = add_access(*program, step, from, spec.dtype, in, false);
  const int store = add_access(*program, step, to, spec.dtype, out, true);
  program->steps.push_back({.kind = fused::Step::Kind::load, .type = register_type(spec.dtype), .access = load});
  program->steps.push_back({.kind = fused::Step::Kind::store, .type = register_type(spec.dtype), .access = store, .args = {0, -1, -1, -1}});
  step.program = std::move(program);
  push(std::move(step), origin, "copy");
  return to;
}

void Emitter::write_number(int value) {
  const IrNode& n = ir_.node_of(value);
  const Spec& spec = ir_.spec(value);
  auto program = std::make_unique<fused::Program>();
  PlanStep step;
  program->domain = spec.shape;
  const DType type = register_type(spec.dtype);
  program->accesses.push_back(number_access(value, spec.shape, DimMap::identity(spec.shape)));
  program->steps.push_back({.kind = fused::Step::Kind::load, .type = type, .access = 0});
  const Strides strides = contiguous_strides(spec.shape);
  const Location to = allocate(value, strides);
  const int store = add_access(*program, step, to, spec.dtype, strides, true);
  program->steps.push_back({.kind = fused::Step::Kind::store, .type = type, .access = store, .args = {0, -1, -1, -1}});
  step.program = std::move(program);
  push(std::move(step), n.origin, "fill");
}

fused::Access Emitter::number_access(int value, const Shape& domain, const DimMap& domain_to_value) {
  const IrNode& n = ir_.node_of(value);
  fused::Access a{.dtype = ir_.spec(value).dtype, .strides = Strides::filled(domain.size(), 0)};
  if (n.kind == IrKind::iota) {
    const Iota& iota = *static_cast<const Iota*>(n.attrs);
    a.kind = fused::Access::Kind::index;
    a.offset = iota.offset;
    for (int d = 0; d < domain.size(); ++d) {
      if (domain_to_value[d] >= 0) a.strides[d] = iota.steps[domain_to_value[d]];
    }
  } else {
    a.kind = fused::Access::Kind::scalar;
    a.buffer = scalar_index(value);
  }
  return a;
}

void Emitter::emit_kernel(const IrNode& n) {
  KernelContext context;
  std::vector<Location> inputs;
  for (int v : n.inputs) {
    inputs.push_back(locate(v));
    context.inputs.push_back({ir_.spec(v), inputs.back().strides});
  }
  for (int o = 0; o < n.n_outputs; ++o) {
    const Spec& s = ir_.spec(n.first_output + o);
    context.outputs.push_back({s, contiguous_strides(s.shape)});
  }
  context.post_ops = n.post_ops;
  PlanStep step;
  step.kernel = n.op->prepare(n.attrs, context);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Spec& spec = ir_.spec(n.inputs[i]);
    if (!same_memory(spec.shape, inputs[i].strides, context.inputs[i].strides)) {
      inputs[i] = copy_once(n.inputs[i], inputs[i], context.inputs[i].strides, n.origin);
    }
    step.operands.push_back({inputs[i].buffer, inputs[i].offset * size_of(spec.dtype), false});
  }
  step.kernel_inputs = static_cast<int>(inputs.size());
  for (int o = 0; o < n.n_outputs; ++o) {
    const Location& l = allocate(n.first_output + o, context.outputs[static_cast<size_t>(o)].strides);
    step.operands.push_back({l.buffer, 0, true});
  }
  step.may_alias = context.may_alias;
  if (context.workspace > 0) step.workspace = new_buffer({.source = PlanBuffer::Source::arena, .bytes = context.workspace});
  std::string name = n.op->print(n.attrs);
  for (const PostOp& p : n.post_ops) name += p.kind == PostOp::Kind::relu ? " +relu" : " +add";
  push(std::move(step), n.origin, std::move(name));
}

Location Emitter::copy_once(int value, const Location& from, const Strides& strides, int origin) {
  for (const auto& [v, l] : copies_) {
    if (v == value && l.strides == strides) return l;
  }
  Location l = copy(from, ir_.spec(value), strides, origin);
  copies_.push_back({value, l});
  return l;
}

Plan Emitter::run(const std::vector<int>& order) {
  for (int g : order) {
    const Group& group = grouping_.groups[static_cast<size_t>(g)];
    if (group.fused) emit_fused(group);
    else emit_kernel(ir_.nodes[static_cast<size_t>(group.nodes[0])]);
  }
  for (size_t i = 0; i < ir_.results.size(); ++i) {
    if (!walk_.keep[i]) continue;
    for (size_t o = 0; o < ir_.results[i].size(); ++o) {
      const Location& l = locate(ir_.results[i][o]);
      plan_.buffers[static_cast<size_t>(l.buffer)].escapes = true;
      plan_.results.push_back({static_cast<int>(i), static_cast<int>(o), l});
    }
  }
  return std::move(plan_);
}

bool same_memory(const Shape& shape, const Strides& a, const Strides& b) {
  if (shape.numel() <= 1) return true;
  for (int d = 0; d < shape.size(); ++d) {
    if (shape[d] != 1 && a[d] != b[d]) return false;
  }
  return true;
}

std::vector<int> dims_by_stride(const Shape& shape, const Strides& strides) {
  std::vector<int> order;
  for (int d = 0; d < shape.size(); ++d) {
    if (shape[d] != 1) order.push_back(d);
  }
  const auto size = [&](int d) { return strides[d] < 0 ? -strides[d] : strides[d]; };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return size(a) > size(b); });
  return order;
}

Plan emit(const Ir& ir, const Grouping& grouping, const Walk& walk, const std::vector<int>& order) {
  return Emitter(ir, grouping, walk).run(order);
}

}  // namespace deepseek::scheduler
