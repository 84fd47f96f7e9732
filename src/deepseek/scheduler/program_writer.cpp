// The block program of one fused group.
#include "deepseek/ops/core/kinds.h"
#include "deepseek/scheduler/emitter.h"
#include "deepseek/scheduler/narrow.h"

namespace deepseek::scheduler {
namespace {

using fused::Step;

bool is_number(IrKind k) { return k == IrKind::scalar || k == IrKind::constant || k == IrKind::iota; }

}  // namespace

class ProgramWriter {
 public:
  ProgramWriter(Emitter& e, const Group& group) : e_(e), ir_(e.ir_), group_(group) {}

  void run() {
    locate_operands();
    choose_domain_order();
    for (int node : group_.nodes) compute(ir_.nodes[static_cast<size_t>(node)], e_.grouping_.operands[static_cast<size_t>(node)]);
    for (int node : group_.nodes) store(ir_.nodes[static_cast<size_t>(node)]);
    if (!stored_) return;
    const IrNode& last = ir_.nodes[static_cast<size_t>(group_.nodes.back())];
    step_.program = std::make_unique<fused::Program>(std::move(program_));
    e_.push(std::move(step_), last.origin, name());
  }

 private:
  const Base& base(int v) const { return e_.grouping_.bases[static_cast<size_t>(v)]; }

  bool in_group(int v) const {
    const IrNode& n = ir_.node_of(v);
    if (n.kind != IrKind::pointwise && n.kind != IrKind::cast && n.kind != IrKind::reduce) return false;
    const int node = ir_.values[static_cast<size_t>(v)].node;
    return std::binary_search(group_.nodes.begin(), group_.nodes.end(), node);
  }

  // From the domain's dims to the dims of a value that an operand map and a base lead to.
  DimMap domain_to_base(int v, const DimMap& operand) const {
    const Shape& s = ir_.spec(v).shape;
    DimMap result;
    for (int d = 0; d < group_.domain.size(); ++d) result.push(-1);
    const int extra = operand.rank - s.size();
    for (int d = extra < 0 ? -extra : 0; d < s.size(); ++d) {
      const int place = operand[d + extra];
      if (place >= 0 && s[d] != 1 && base(v).map[d] >= 0) result.to[static_cast<size_t>(place)] = static_cast<int8_t>(base(v).map[d]);
    }
    return result;
  }

  // Copies that a layout needs are steps of their own and come before this one.
  void locate_operands() {
    for (int node : group_.nodes) {
      const DimMap& operand = e_.grouping_.operands[static_cast<size_t>(node)];
      for (int v : ir_.nodes[static_cast<size_t>(node)].inputs) {
        const int b = base(v).value;
        if (in_group(b) || is_number(ir_.node_of(b).kind)) continue;
        const Location& l = e_.locate(b);
        const DimMap map = domain_to_base(v, operand);
        Strides strides = Strides::filled(group_.domain.size(), 0);
        int64_t points = 1;
        for (int d = 0; d < strides.size(); ++d) {
          if (map[d] >= 0) strides[d] = l.strides[map[d]];
          if (strides[d] != 0) points *= group_.domain[d];
        }
        if (points > reference_points_) {
          reference_points_ = points;
          reference_ = strides;
        }
      }
    }
  }

  // Outermost first: as the largest operand lies in memory; reduced dims innermost where full values follow a reduction.
  void choose_domain_order() {
    const Shape& d = group_.domain;
    if (reference_.size() != d.size()) reference_ = contiguous_strides(d);
    if (!group_.has_reduce) follow_row_major_copy();
    std::vector<int> dims;
    for (int k = 0; k < d.size(); ++k) {
      if (d[k] != 1) dims.push_back(k);
    }
    const auto size = [&](int k) { return std::abs(reference_[k]); };
    std::stable_sort(dims.begin(), dims.end(), [&](int a, int b) {
      // Dims along which the reference repeats keep the place that they have in the shape.
      if (size(a) == 0 || size(b) == 0) return false;
      return size(a) > size(b);
    });
    if (needs_rows()) {
      std::stable_partition(dims.begin(), dims.end(), [&](int k) { return !(group_.reduced >> k & 1); });
    }
    order_ = dims;
    for (size_t i = 0; i < order_.size(); ++i) {
      program_.domain.push_back(d[order_[i]]);
      if (group_.has_reduce && group_.reduced >> order_[i] & 1) program_.reduced |= 1u << i;
    }
  }

  // A row-major copy of something that lies otherwise is written in long runs: blocks are transposed when they are read.
  void follow_row_major_copy() {
    for (int node : group_.nodes) {
      const IrNode& n = ir_.nodes[static_cast<size_t>(node)];
      if (n.kind != IrKind::pointwise || n.op != op_of<Copy>() || !e_.stored_[static_cast<size_t>(n.first_output)]) continue;
      const DimMap& m = e_.grouping_.in_domain[static_cast<size_t>(n.first_output)];
      if (m.bits() != group_.all_dims()) continue;
      const Strides strides = contiguous_strides(ir_.spec(n.first_output).shape);
      for (int k = 0; k < m.rank; ++k) {
        if (m[k] >= 0) reference_[m[k]] = strides[k];
      }
      return;
    }
  }

  bool needs_rows() const {
    if (!group_.has_reduce) return false;
    std::vector<uint8_t> after(ir_.values.size(), 0);
    for (int node : group_.nodes) {
      const IrNode& n = ir_.nodes[static_cast<size_t>(node)];
      if (e_.grouping_.across[static_cast<size_t>(node)]) return true;
      bool reads = false;
      for (int v : n.inputs) reads |= in_group(base(v).value) && after[static_cast<size_t>(base(v).value)];
      after[static_cast<size_t>(n.first_output)] = reads || n.kind == IrKind::reduce;
      if (!reads) continue;
      if (n.kind == IrKind::reduce || is_full(n.first_output)) return true;
    }
    return false;
  }

  bool is_full(int v) const {
    uint32_t bits = 0;
    const DimMap& m = e_.grouping_.in_domain[static_cast<size_t>(v)];
    for (int d = 0; d < m.rank; ++d) bits |= m[d] >= 0 ? 1u << m[d] : 0;
    return (bits & group_.reduced) == group_.reduced;
  }

  Strides in_order(const Strides& per_domain_dim) const {
    Strides s;
    for (int d : order_) s.push_back(per_domain_dim[d]);
    return s;
  }

  int push(Step s) {
    program_.steps.push_back(s);
    return static_cast<int>(program_.steps.size()) - 1;
  }

  // The step that holds operand v.
  int read(int v, const DimMap& operand) {
    const int b = base(v).value;
    if (in_group(b)) return step_of_.at(b);
    const Spec& spec = ir_.spec(b);
    const DimMap map = domain_to_base(v, operand);
    Strides strides = Strides::filled(group_.domain.size(), 0);
    const bool number = is_number(ir_.node_of(b).kind);
    if (!number) {
      const Location& l = e_.locate(b);
      for (int d = 0; d < strides.size(); ++d) strides[d] = map[d] >= 0 ? l.strides[map[d]] : 0;
    } else {
      // Told apart by the dims that an index value follows.
      for (int d = 0; d < strides.size(); ++d) strides[d] = map[d] + 1;
    }
    for (const auto& [value, s, step] : loads_) {
      if (value == b && s == strides) return step;
    }
    int access;
    if (number) {
      fused::Access a = e_.number_access(b, group_.domain, map);
      a.strides = in_order(a.strides);
      program_.accesses.push_back(a);
      access = static_cast<int>(program_.accesses.size()) - 1;
    } else {
      access = Emitter::add_access(program_, step_, e_.locate(b), spec.dtype, in_order(strides), false);
    }
    const int step = push({.kind = Step::Kind::load, .type = register_type(spec.dtype), .access = access});
    loads_.push_back({b, strides, step});
    return step;
  }

  int narrowed(int step, DType stored, bool rounding) {
    const fused::LaneOp* op = narrowing(stored, rounding);
    if (!op) return step;
    return push({.kind = Step::Kind::compute, .type = register_type(stored), .op = op, .args = {step, -1, -1, -1}});
  }

  // A reduction along dims of size 1 changes nothing.
  static bool reduces(const IrNode& n, const DimMap& operand) {
    const Dims& dims = static_cast<const Reduce*>(n.attrs)->dims;
    return std::any_of(dims.begin(), dims.end(), [&](int64_t d) { return operand[static_cast<int>(d)] >= 0; });
  }

  void compute(const IrNode& n, const DimMap& operand) {
    const DType stored = ir_.spec(n.first_output).dtype;
    Step s{.type = register_type(stored)};
    for (size_t i = 0; i < n.inputs.size(); ++i) s.args[i] = read(n.inputs[i], operand);
    int& result = step_of_[n.first_output];
    if (n.kind == IrKind::cast) {
      result = s.args[0];
      if (register_type(ir_.spec(n.inputs[0]).dtype) != s.type) {
        s.kind = Step::Kind::cast;
        result = push(s);
      }
      result = narrowed(result, stored, true);
    } else if (n.kind == IrKind::reduce) {
      s.kind = Step::Kind::reduce;
      s.reduce = static_cast<const Reduce*>(n.attrs)->how;
      result = !reduces(n, operand) ? s.args[0] : narrowed(push(s), stored, false);
    } else if (n.op == op_of<Copy>()) {
      result = s.args[0];
    } else {
      s.kind = Step::Kind::compute;
      s.op = n.op->lanes;
      result = narrowed(push(s), stored, false);
    }
    names_ += names_.empty() ? "" : " ";
    names_ += n.kind == IrKind::reduce ? "reduce" : n.op->info.name;
  }

  void store(const IrNode& n) {
    const int v = n.first_output;
    if (!e_.stored_[static_cast<size_t>(v)]) return;
    const Spec& spec = ir_.spec(v);
    const DimMap& m = e_.grouping_.in_domain[static_cast<size_t>(v)];
    // Dense, in the order of the domain; a copy that the user asked for is row-major.
    Strides strides = Strides::filled(spec.rank(), 1);
    if (n.kind == IrKind::pointwise && n.op == op_of<Copy>()) {
      strides = contiguous_strides(spec.shape);
    } else {
      int64_t next = 1;
      for (size_t i = order_.size(); i-- > 0;) {
        for (int d = 0; d < m.rank; ++d) {
          if (m[d] == order_[i]) {
            strides[d] = next;
            next *= std::max<int64_t>(spec.shape[d], 1);
          }
        }
      }
    }
    const Location& l = e_.allocate(v, strides);
    Strides per_domain = Strides::filled(group_.domain.size(), 0);
    for (int d = 0; d < m.rank; ++d) {
      if (m[d] >= 0) per_domain[m[d]] = strides[d];
    }
    const int access = Emitter::add_access(program_, step_, l, spec.dtype, in_order(per_domain), true);
    push({.kind = Step::Kind::store, .type = register_type(spec.dtype), .access = access, .args = {step_of_.at(v), -1, -1, -1}});
    stored_ = true;
  }

  std::string name() const { return "fused[" + names_ + "]"; }

  Emitter& e_;
  const Ir& ir_;
  const Group& group_;
  fused::Program program_;
  PlanStep step_;
  std::vector<int> order_;  // domain dims of size above 1, outermost first
  Strides reference_;
  int64_t reference_points_ = 0;
  std::map<int, int> step_of_;  // per value of the group
  struct Load {
    int value;
    Strides strides;
    int step;
  };
  std::vector<Load> loads_;
  std::string names_;
  bool stored_ = false;
};

void Emitter::emit_fused(const Group& group) { ProgramWriter(*this, group).run(); }

}  // namespace deepseek::scheduler
