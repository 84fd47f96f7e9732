#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "deepseek/graph/leaf.h"
#include "deepseek/ops/core/kinds.h"
#include "deepseek/scheduler/dim_map.h"
#include "deepseek/scheduler/ir.h"
#include "deepseek/scheduler/word_table.h"
#include "deepseek/tensor/autocast_mode.h"

namespace deepseek::scheduler {

namespace {

class Lowering {
 public:
  explicit Lowering(const Walk& walk) : walk_(walk) {}

  Ir run() {
    // Expansions and gradients of expansions are not the user's: nothing is recorded on a tape.
    NoGradGuard no_grad;
    ScopedMode<bool> own_types(autocast_mode.on, false);
    const size_t likely = 2 * (walk_.order.size() + walk_.leaves.size());  // composites become several
    ir_.nodes.reserve(likely);
    ir_.values.reserve(likely);
    for (size_t i = 0; i < walk_.leaves.size(); ++i) {
      const Walk::Leaf& l = walk_.leaves[i];
      IrNode n{.kind = IrKind::leaf, .slot = static_cast<int>(i)};
      leaves_.push_back(add(std::move(n), {l.node->outputs()[static_cast<size_t>(l.output)].spec})[0]);
    }
    for (size_t i = 0; i < walk_.scalars.size(); ++i) {
      scalars_.push_back(add({.kind = IrKind::scalar, .slot = static_cast<int>(i)}, {walk_.scalars[i]->spec()})[0]);
    }
    ir_.results.resize(walk_.order.size());
    for (size_t i : as_recorded()) {
      origin_ = static_cast<int>(i);
      const Node& n = *walk_.order[i];
      std::vector<int> in;
      for (const Value& v : n.inputs()) in.push_back(outer_value(v));
      ir_.results[i] = lower(n, std::move(in));
      if (walk_.keep[i]) {
        for (int v : ir_.results[i]) ir_.values[static_cast<size_t>(v)].keep = true;
      }
    }
    drop_unused();
    return std::move(ir_);
  }

 private:
  // The walk goes from results to operands; what is recorded together is best computed together, while its operands are there.
  std::vector<size_t> as_recorded() const {
    std::vector<size_t> order(walk_.order.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return walk_.order[a]->sequence < walk_.order[b]->sequence; });
    return order;
  }

  int outer_value(const Value& v) {
    const size_t i = index_of(v.node->mark_index);
    switch (place_of(v.node->mark_index)) {
      case Place::pending: return ir_.results[i][static_cast<size_t>(v.index)];
      case Place::leaf: return leaves_[i + static_cast<size_t>(v.index)];
      default: return scalars_[i];
    }
  }

  static const Spec& spec_of(const Spec& s) { return s; }
  static const Spec& spec_of(const Output& o) { return o.spec; }

  // `outputs`: a range of specs, or of a node's outputs.
  template <class Outputs = std::initializer_list<Spec>>
  std::vector<int> add(IrNode n, const Outputs& outputs) {
    n.first_output = static_cast<int>(ir_.values.size());
    n.n_outputs = static_cast<int>(outputs.size());
    n.origin = origin_;
    n.backward = walk_.order[static_cast<size_t>(origin_)]->line.backward;
    std::vector<int> values;
    values.reserve(outputs.size());
    for (const auto& o : outputs) {
      const int i = static_cast<int>(values.size());
      values.push_back(static_cast<int>(ir_.values.size()));
      ir_.values.push_back({static_cast<int>(ir_.nodes.size()), i, spec_of(o)});
    }
    ir_.nodes.push_back(std::move(n));
    return values;
  }

  static IrKind kind_of(const Op& op) {
    switch (op.kind) {
      case OpKind::pointwise: return IrKind::pointwise;
      case OpKind::cast: return IrKind::cast;
      case OpKind::index: return IrKind::iota;
      case OpKind::reduce: return IrKind::reduce;
      case OpKind::view: return IrKind::view;
      default: return IrKind::kernel;
    }
  }

  std::vector<int> lower(const Node& n, std::vector<int> in) {
    if (n.op->kind == OpKind::composite) return expand(n, in);
    DEEPSEEK_CHECK(n.op->kind != OpKind::leaf, n.op->info.name);
    if (n.op->kind == OpKind::cast && n.spec().dtype == ir_.spec(in[0]).dtype) return in;

    const IrKind kind = kind_of(*n.op);
    if (kind == IrKind::view && may_convert_later(in[0], n.spec())) return {view_of_cast(n, in[0])};
    if (kind == IrKind::cast && size_of(n.spec().dtype) < size_of(ir_.spec(in[0]).dtype)) {
      return {cast_of_view(n.op, n.attrs(), in[0], n.spec().dtype)};
    }
    return once(kind, n.op, n.attrs(), std::move(in), std::as_const(n).outputs());
  }

  // Equal computations are one node.
  template <class Outputs = std::initializer_list<Spec>>
  std::vector<int> once(IrKind kind, const Op* op, const void* attrs, std::vector<int> in, const Outputs& outputs) {
    key_.clear();
    key_.add(op);
    for (int v : in) key_.add(v);
    if (op->key) op->key(attrs, key_);
    for (const auto& o : outputs) key_.add(spec_of(o).shape);
    const auto [at, fresh] = seen_.insert(key_.words());
    if (fresh) {
      std::vector<int> values = add({.kind = kind, .op = op, .attrs = attrs, .inputs = std::move(in)}, outputs);
      if (kind == IrKind::view) values = {undone(values[0])};
      values_of_seen_.push_back(std::move(values));
    }
    return values_of_seen_[at];
  }

  // Conversions stay at the wide end of views: what is made wider is converted where it is used, what is made narrower where it
  // is computed. There a conversion is a step of a fused program; between a view and a kernel it would be a pass over memory.
  bool may_convert_later(int v, const Spec& viewed) const {
    const IrNode& n = ir_.node_of(v);
    if (n.kind != IrKind::cast || viewed.numel() > ir_.spec(v).numel()) return false;
    return size_of(ir_.spec(v).dtype) > size_of(ir_.spec(n.inputs[0]).dtype) && !is_computed_by_program(n.inputs[0]);
  }

  int view_of_cast(const Node& view, int v) {
    const IrNode cast = ir_.node_of(v);
    const Spec narrow{ir_.spec(cast.inputs[0]).dtype, view.spec().shape};
    const int seen = once(IrKind::view, view.op, view.attrs(), cast.inputs, {narrow})[0];
    return once(IrKind::cast, cast.op, cast.attrs, {seen}, {view.spec()})[0];
  }

  int cast_of_view(const Op* op, const void* attrs, int v, DType to) {
    const IrNode n = ir_.node_of(v);
    const Spec spec = ir_.spec(v);
    // A part of a tensor is converted alone, and bytes that exist already are read as they lie.
    if (n.kind == IrKind::view && spec.numel() == ir_.spec(n.inputs[0]).numel() && is_computed_by_program(n.inputs[0])) {
      const int base = cast_of_view(op, attrs, n.inputs[0], to);
      return once(IrKind::view, n.op, n.attrs, {base}, {{to, spec.shape}})[0];
    }
    return once(IrKind::cast, op, attrs, {v}, {{to, spec.shape}})[0];
  }

  bool is_computed_by_program(int v) const {
    const IrNode* n = &ir_.node_of(v);
    while (n->kind == IrKind::view) n = &ir_.node_of(n->inputs[0]);
    return n->kind == IrKind::pointwise || n->kind == IrKind::cast || n->kind == IrKind::reduce;
  }

  // The value itself where a view takes back what views before it did, so that equal computations on both are found to be equal.
  int undone(int view) {
    const IrNode& n = ir_.node_of(view);
    const std::optional<DimMap> m = map_of_view(ir_, n);
    if (!m) return view;
    const auto found = view_bases_.find(n.inputs[0]);
    const Base inner = found == view_bases_.end() ? Base{n.inputs[0], DimMap::identity(ir_.spec(n.inputs[0]).shape)} : found->second;
    Base b{inner.value, {}};
    for (int d = 0; d < m->rank; ++d) b.map.push((*m)[d] < 0 ? -1 : inner.map[(*m)[d]]);
    const bool same = ir_.spec(b.value) == ir_.spec(view) && b.map == DimMap::identity(ir_.spec(view).shape);
    view_bases_.emplace(view, b);
    return same ? b.value : view;
  }

  int constant(const Node& n) {
    const uint64_t bits = scalar_bits(n.attrs_as<ScalarAttrs>(), n.spec().dtype);
    auto [it, fresh] = constants_.try_emplace({static_cast<uint64_t>(n.spec().dtype), bits}, -1);
    if (fresh) it->second = add({.kind = IrKind::constant, .bits = bits}, {n.spec()})[0];
    return it->second;
  }

  // The ops that a composite stands for, recorded on stand-ins for its inputs and lowered in its place.
  std::vector<int> expand(const Node& n, const std::vector<int>& in) {
    TensorList inputs, outputs;
    std::unordered_map<const Node*, std::vector<int>> known;
    for (size_t i = 0; i < in.size(); ++i) {
      Ref<Node> proxy = placeholder_node(ir_.spec(in[i]));
      known[proxy.get()] = {in[i]};
      inputs.emplace_back(Value{proxy, 0});
      ir_.keep_alive.push_back(std::move(proxy));
    }
    n.op->expand(n.attrs(), inputs, outputs);
    DEEPSEEK_CHECK(outputs.size() == n.outputs().size(), n.op->info.name);
    std::vector<int> results;
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Value v = outputs[i].value();
      DEEPSEEK_CHECK(v.spec() == n.outputs()[i].spec, n.op->info.name, ": expands to ", to_string(v.spec()), " but infers ",
                     to_string(n.outputs()[i].spec));
      ir_.keep_alive.push_back(v.node);
      results.push_back(lower_expanded(v, known));
    }
    return results;
  }

  int lower_expanded(const Value& root, std::unordered_map<const Node*, std::vector<int>>& known) {
    std::vector<std::pair<const Node*, size_t>> stack{{root.node.get(), 0}};
    while (!stack.empty()) {
      auto& [n, next] = stack.back();
      if (known.count(n)) {
        stack.pop_back();
      } else if (n->computed) {
        known[n] = is_scalar(*n) ? std::vector{constant(*n)} : embedded(*n);
        stack.pop_back();
      } else if (next < n->inputs().size()) {
        const Node* input = n->inputs()[next++].node.get();
        stack.push_back({input, 0});
      } else {
        std::vector<int> in;
        for (const Value& v : n->inputs()) in.push_back(known.at(v.node.get())[static_cast<size_t>(v.index)]);
        const Node* current = n;
        stack.pop_back();
        known[current] = lower(*current, std::move(in));
      }
    }
    return known.at(root.node.get())[static_cast<size_t>(root.index)];
  }

  std::vector<int> embedded(const Node& n) {
    std::vector<int> values;
    for (const Output& o : n.outputs()) {
      IrNode node{.kind = IrKind::data};
      node.buffer = o.buffer;
      values.push_back(add(std::move(node), {o.spec})[0]);
    }
    return values;
  }

  void drop_unused() {
    std::vector<uint8_t> used(ir_.nodes.size());
    for (size_t i = ir_.nodes.size(); i-- > 0;) {
      const IrNode& n = ir_.nodes[i];
      for (int o = 0; o < n.n_outputs; ++o) used[i] |= ir_.values[static_cast<size_t>(n.first_output + o)].keep;
      if (!used[i]) continue;
      for (int v : n.inputs) used[static_cast<size_t>(ir_.values[static_cast<size_t>(v)].node)] = 1;
    }
    std::vector<IrNode> nodes;  // values of dropped nodes have node -1
    for (size_t i = 0; i < ir_.nodes.size(); ++i) {
      IrNode& n = ir_.nodes[i];
      const int place = used[i] ? static_cast<int>(nodes.size()) : -1;
      for (int o = 0; o < n.n_outputs; ++o) ir_.values[static_cast<size_t>(n.first_output + o)].node = place;
      if (used[i]) nodes.push_back(std::move(n));
    }
    ir_.nodes = std::move(nodes);
  }

  const Walk& walk_;
  Ir ir_;
  std::vector<int> leaves_, scalars_;
  int origin_ = 0;
  KeyWriter key_;
  WordTable seen_;
  std::vector<std::vector<int>> values_of_seen_;
  std::map<std::pair<uint64_t, uint64_t>, int> constants_;
  std::unordered_map<int, Base> view_bases_;  // of views that are maps of dims
};

}  // namespace

Ir lower(const Walk& walk) { return Lowering(walk).run(); }

}  // namespace deepseek::scheduler
