#include "deepseek/scheduler/group.h"

#include <algorithm>
#include <array>
#include <limits>

#include "deepseek/ops/core/kinds.h"

namespace deepseek::scheduler {
namespace {

// Above this a row leaves the private cache, and computing it in several passes over memory is as good.
constexpr int64_t longest_fused_row = 1 << 16;
constexpr size_t most_nodes = 8192;
constexpr int64_t least_kept_bytes = 1 << 16;
// Sums along the other dims are looked for in this many groups and their last nodes, and pay from this many rows.
constexpr size_t recent_groups = 8, recent_nodes = 64;
constexpr int64_t least_crossed = 64;

// Where a value would lie in a group's domain.
struct Fit {
  DimMap map;
  bool full = true;
};

class Grouper {
 public:
  explicit Grouper(const Ir& ir) : ir_(ir) {
    out_.group_of.assign(ir.nodes.size(), -1);
    out_.in_domain.resize(ir.values.size());
    out_.operands.resize(ir.nodes.size());
    out_.across.assign(ir.nodes.size(), 0);
    out_.bases = find_bases(ir);
    find_levels();
  }

  Grouping run() {
    for (size_t i = 0; i < ir_.nodes.size(); ++i) {
      const IrNode& n = ir_.nodes[i];
      switch (n.kind) {
        case IrKind::pointwise:
        case IrKind::cast: place_pointwise(static_cast<int>(i)); break;
        case IrKind::reduce: place_reduce(static_cast<int>(i)); break;
        case IrKind::kernel: start_group(static_cast<int>(i), false, {}); break;
        default: break;
      }
    }
    return std::move(out_);
  }

 private:
  Group& group(int g) { return out_.groups[static_cast<size_t>(g)]; }
  const Shape& shape(int v) const { return ir_.spec(v).shape; }
  const Base& base(int v) const { return out_.bases[static_cast<size_t>(v)]; }

  // The group that computes the memory behind v; -1 for leaves and numbers.
  int group_of_value(int v) const {
    const int g = out_.group_of[static_cast<size_t>(ir_.values[static_cast<size_t>(stored_source(ir_, v))].node)];
    return g < 0 ? -1 : out_.find(g);
  }
  // The fused group in which v's base is a value that steps can read.
  int fused_group_of(int v) const {
    const IrNode& n = ir_.node_of(base(v).value);
    if (n.kind != IrKind::pointwise && n.kind != IrKind::cast && n.kind != IrKind::reduce) return -1;
    return out_.find(out_.group_of[static_cast<size_t>(ir_.values[static_cast<size_t>(base(v).value)].node)]);
  }

  // Whether the memory behind v is g's but no step of g can read v: a view that is more than a map of dims, such as a slice.
  bool only_in_memory(int v, int g) const { return group_of_value(v) == g && fused_group_of(v) != g; }

  // The group of v's base as far as node n may join it: what is computed again must not move to where it was first computed.
  int fused_group_seen(const IrNode& n, int v) const {
    return n.recomputed && !ir_.node_of(base(v).value).recomputed ? -1 : fused_group_of(v);
  }

  // The level of a node is the number of kernels on the longest way to it. What may wait is needed when its first user is.
  void find_levels() {
    level_.assign(ir_.nodes.size(), 0);
    first_user_.assign(ir_.nodes.size(), std::numeric_limits<int>::max());
    for (size_t i = 0; i < ir_.nodes.size(); ++i) {
      for (int v : ir_.nodes[i].inputs) level_[i] = std::max(level_[i], level_[node_of(v)]);
      level_[i] += ir_.nodes[i].kind == IrKind::kernel;
    }
    for (size_t i = ir_.nodes.size(); i-- > 0;) {
      const IrNode& n = ir_.nodes[i];
      const bool waits = n.kind == IrKind::view || (n.backward && (n.kind == IrKind::pointwise || n.kind == IrKind::cast));
      const bool passes = waits && first_user_[i] != std::numeric_limits<int>::max();
      for (int v : ir_.nodes[i].inputs) first_user_[node_of(v)] = std::min(first_user_[node_of(v)], passes ? first_user_[i] : level_[i]);
    }
  }
  size_t node_of(int v) const { return static_cast<size_t>(ir_.values[static_cast<size_t>(v)].node); }

  // A step of the backward part that only needs what the forward part computes could join it there, but then its result would
  // be kept until the gradients that it meets have come back through the kernels after it.
  bool too_early(int node, int g) const {
    const IrNode& n = ir_.nodes[static_cast<size_t>(node)];
    if (!n.backward || ir_.spec(n.first_output).bytes() < least_kept_bytes) return false;
    const int level = out_.groups[static_cast<size_t>(g)].level, next = first_user_[static_cast<size_t>(node)];
    return level_[static_cast<size_t>(node)] <= level && next > level + 1 && next != std::numeric_limits<int>::max();
  }

  int start_group(int node, bool fused, const Shape& domain) {
    const int g = static_cast<int>(out_.groups.size());
    out_.groups.push_back({.fused = fused, .domain = domain});
    enter(node, g);
    return g;
  }
  void enter(int node, int g) {
    group(g).nodes.push_back(node);
    group(g).level = std::max(group(g).level, level_[static_cast<size_t>(node)]);
    out_.group_of[static_cast<size_t>(node)] = g;
    for (int v : ir_.nodes[static_cast<size_t>(node)].inputs) {
      const int from = group_of_value(v);
      if (from >= 0 && from != g && (group(from).users.empty() || group(from).users.back() != g)) group(from).users.push_back(g);
    }
  }

  bool is_across(int v) const { return out_.across[static_cast<size_t>(ir_.values[static_cast<size_t>(base(v).value)].node)]; }

  // The dims of v in the domain of a group that computes or reads v's base; empty where it does neither.
  std::optional<DimMap> in_domain_of(int g_id, int v) {
    const int b = base(v).value;
    const auto place = [&](const auto& dim_of_base) {
      DimMap m;
      for (int d = 0; d < shape(v).size(); ++d) m.push(base(v).map[d] < 0 || shape(v)[d] == 1 ? -1 : dim_of_base(base(v).map[d]));
      return m;
    };
    if (fused_group_of(v) == g_id) {
      const DimMap& in_domain = out_.in_domain[static_cast<size_t>(b)];
      return place([&](int d) { return static_cast<int>(in_domain[d]); });
    }
    const std::vector<int>& nodes = group(g_id).nodes;
    for (size_t i = nodes.size(), oldest = nodes.size() - std::min(nodes.size(), recent_nodes); i-- > oldest;) {
      const DimMap& operand = out_.operands[static_cast<size_t>(nodes[i])];
      for (int other : ir_.nodes[static_cast<size_t>(nodes[i])].inputs) {
        if (base(other).value != b) continue;
        std::array<int, max_rank> domain_dim;
        domain_dim.fill(-1);
        const Shape& s = shape(other);
        const int extra = operand.rank - s.size();
        for (int d = std::max(0, -extra); d < s.size(); ++d) {
          if (s[d] != 1 && base(other).map[d] >= 0) domain_dim[static_cast<size_t>(base(other).map[d])] = operand[d + extra];
        }
        return place([&](int d) { return domain_dim[static_cast<size_t>(d)]; });
      }
    }
    return {};
  }

  static uint32_t reduced_bits(const Reduce& r, const DimMap& in) {
    uint32_t bits = 0;
    for (int64_t d : r.dims) bits |= in[static_cast<int>(d)] >= 0 ? 1u << in[static_cast<int>(d)] : 0;
    return bits;
  }
  bool is_full_in(const Group& g, int v, const DimMap& m) const {
    bool full = m.bits() == g.all_dims();
    for (int d = 0; d < m.rank; ++d) full = full && (shape(v)[d] == 1 || m[d] >= 0);
    return full;
  }

  // A group of rows in which v is a full value and a reduction of v along the other dims can run along; -1 if there is none.
  int group_to_cross(int node, int v, DimMap& place) {
    const Reduce& attrs = *static_cast<const Reduce*>(ir_.nodes[static_cast<size_t>(node)].attrs);
    const DType type = ir_.spec(v).dtype;
    if (type != register_type(type) || !is_floating_point(type) || is_across(v)) return -1;
    for (size_t g = out_.groups.size(), oldest = g - std::min(g, recent_groups); g-- > oldest;) {
      const Group& rows = out_.groups[g];
      if (!rows.fused || rows.merged_into >= 0 || !rows.has_reduce || rows.nodes.size() >= most_nodes || !rows_stay_in_cache(rows)) continue;
      const std::optional<DimMap> m = in_domain_of(static_cast<int>(g), v);
      if (!m || !is_full_in(rows, v, *m) || reduced_bits(attrs, *m) != (rows.all_dims() & ~rows.reduced)) continue;
      int64_t kept = 1;
      for (int d = 0; d < rows.domain.size(); ++d) kept *= rows.reduced >> d & 1 ? 1 : rows.domain[d];
      if (kept < least_crossed) continue;
      place = *m;
      return static_cast<int>(g);
    }
    return -1;
  }

  // Full values may follow a reduction where a row fits in cache and lies together.
  bool rows_stay_in_cache(const Group& g) const {
    int64_t row = 1;
    bool inside = true;
    for (int d = g.domain.size() - 1; d >= 0; --d) {
      if (g.domain[d] == 1) continue;
      const bool is_reduced = g.reduced >> d & 1;
      if (is_reduced && !inside) return false;
      inside = is_reduced;
      if (is_reduced) row *= g.domain[d];
    }
    return row <= longest_fused_row;
  }

  // The place of a pointwise result of shape `s` among the values of g, told by its operands in g; empty when it has none.
  std::optional<Fit> fit(const IrNode& n, const Shape& s, int g_id) {
    const Group& g = group(g_id);
    Fit f;
    for (int d = 0; d < s.size(); ++d) f.map.push(-1);
    bool reads_row = false;
    const uint32_t all = g.all_dims(), kept = all & ~g.reduced;
    for (int v : n.inputs) {
      if (fused_group_seen(n, v) != g_id) continue;
      if (is_across(v)) return {};  // complete only when the whole group has run
      const DimMap to_base = broadcast_map(base(v), shape(v), s);
      const DimMap& in_domain = out_.in_domain[static_cast<size_t>(base(v).value)];
      for (int d = 0; d < s.size(); ++d) {
        if (to_base[d] < 0) continue;
        const int place = in_domain[to_base[d]];
        if (place < 0) continue;
        if (f.map[d] >= 0 && f.map[d] != place) return {};
        f.map.to[static_cast<size_t>(d)] = static_cast<int8_t>(place);
      }
      reads_row |= g.has_reduce && in_domain.bits() == kept && kept != all;
    }
    uint32_t used = 0;
    bool open = false;
    for (int d = 0; d < s.size(); ++d) {
      if (s[d] == 1) continue;
      if (f.map[d] < 0) open = true;
      else if (used >> f.map[d] & 1) return {};
      else used |= 1u << f.map[d];
    }
    if (!open && used == all) {
      if (reads_row && !rows_stay_in_cache(g)) return {};
      return f;
    }
    if (!g.has_reduce || used != kept) return {};
    if (!open) {
      f.full = false;
      return f;
    }
    // A row-level value repeated along dims that must be the reduced ones.
    if (!rows_stay_in_cache(g)) return {};
    int next = 0;
    for (int d = 0; d < s.size(); ++d) {
      if (s[d] == 1 || f.map[d] >= 0) continue;
      while (next < g.domain.size() && !(g.reduced >> next & 1)) ++next;
      if (next == g.domain.size() || g.domain[next] != s[d]) return {};
      f.map.to[static_cast<size_t>(d)] = static_cast<int8_t>(next++);
    }
    while (next < g.domain.size() && !(g.reduced >> next & 1)) ++next;
    if (next < g.domain.size()) return {};
    return f;
  }

  // Whether a path leaves the groups `together` and comes back to them or to one of `needed`.
  bool closes_cycle(const std::vector<int>& together, const std::vector<int>& needed) {
    ++stamp_;
    visited_.resize(out_.groups.size(), 0);
    std::vector<int> stack;
    const auto is_in = [](const std::vector<int>& list, int g) { return std::find(list.begin(), list.end(), g) != list.end(); };
    for (int g : together) {
      for (int u : group(g).users) {
        const int to = out_.find(u);
        if (!is_in(together, to)) stack.push_back(to);
      }
    }
    while (!stack.empty()) {
      const int g = stack.back();
      stack.pop_back();
      if (visited_[static_cast<size_t>(g)] == stamp_) continue;
      visited_[static_cast<size_t>(g)] = stamp_;
      if (is_in(together, g) || is_in(needed, g)) return true;
      for (int u : group(g).users) stack.push_back(out_.find(u));
    }
    return false;
  }

  // Adds the nodes of b to a; `b_to_a` tells where the dims of b's domain lie in a's.
  void merge(int a, int b, const DimMap& b_to_a) {
    Group& to = group(a);
    Group& from = group(b);
    for (int node : from.nodes) {
      const IrNode& n = ir_.nodes[static_cast<size_t>(node)];
      for (DimMap* m : {&out_.in_domain[static_cast<size_t>(n.first_output)], &out_.operands[static_cast<size_t>(node)]}) {
        for (int d = 0; d < m->rank; ++d) {
          if ((*m)[d] >= 0) m->to[static_cast<size_t>(d)] = static_cast<int8_t>(b_to_a[(*m)[d]]);
        }
      }
    }
    to.nodes.insert(to.nodes.end(), from.nodes.begin(), from.nodes.end());
    std::sort(to.nodes.begin(), to.nodes.end());
    to.level = std::max(to.level, from.level);
    if (from.has_reduce && !to.has_reduce) {
      to.has_reduce = true;
      for (int d = 0; d < from.domain.size(); ++d) {
        if (from.reduced >> d & 1) to.reduced |= 1u << b_to_a[d];
      }
    }
    to.crossed |= from.crossed;
    to.users.insert(to.users.end(), from.users.begin(), from.users.end());
    std::sort(to.users.begin(), to.users.end());
    to.users.erase(std::unique(to.users.begin(), to.users.end()), to.users.end());
    from = Group{.merged_into = a};
  }

  // From the dims of a candidate's domain to those of the first one, by way of the new node's dims.
  DimMap to_first(int candidate, const Fit& fit, const Fit& first, const Shape& s) {
    DimMap m;
    for (int d = 0; d < group(candidate).domain.size(); ++d) m.push(-1);
    for (int d = 0; d < s.size(); ++d) {
      if (fit.map[d] >= 0) m.to[static_cast<size_t>(fit.map[d])] = first.map.to[static_cast<size_t>(d)];
    }
    return m;
  }

  // Whether what the candidates read of each other lies, once they are one, where it is read.
  bool read_each_other_in_place(const std::vector<int>& candidates, const std::vector<Fit>& fits, const Shape& s) {
    const auto place = [&](int g) { return std::find(candidates.begin(), candidates.end(), g) - candidates.begin(); };
    const auto among = [&](int g) { return g >= 0 && place(g) < static_cast<std::ptrdiff_t>(candidates.size()); };
    std::vector<DimMap> to;
    std::vector<uint8_t> reads(candidates.size(), 0);
    for (size_t i = 0; i < candidates.size(); ++i) {
      to.push_back(to_first(candidates[i], fits[i], fits[0], s));
      for (int u : group(candidates[i]).users) {
        if (const int g = out_.find(u); g != candidates[i] && among(g)) reads[static_cast<size_t>(place(g))] = 1;
      }
    }
    for (size_t i = 0; i < candidates.size(); ++i) {
      if (!reads[i]) continue;
      for (int node : group(candidates[i]).nodes) {
        const DimMap& operand = out_.operands[static_cast<size_t>(node)];
        for (int v : ir_.nodes[static_cast<size_t>(node)].inputs) {
          const int from = group_of_value(v);
          if (from == candidates[i] || !among(from)) continue;
          if (only_in_memory(v, from)) return false;
          const DimMap& lies = out_.in_domain[static_cast<size_t>(base(v).value)];
          const DimMap& from_to = to[static_cast<size_t>(place(from))];
          const int extra = operand.rank - shape(v).size();
          for (int d = std::max(0, -extra); d < shape(v).size(); ++d) {
            const int k = base(v).map[d];
            if (shape(v)[d] == 1 || k < 0 || lies[k] < 0 || operand[d + extra] < 0) continue;
            if (from_to[lies[k]] != to[i][operand[d + extra]]) return false;
          }
        }
      }
    }
    return true;
  }

  void place_pointwise(int node) {
    const IrNode& n = ir_.nodes[static_cast<size_t>(node)];
    const Shape& s = shape(n.first_output);
    std::vector<int> candidates, needed;
    std::vector<Fit> fits;
    for (int v : n.inputs) {
      const int source = group_of_value(v);
      if (source >= 0 && std::find(needed.begin(), needed.end(), source) == needed.end()) needed.push_back(source);
      const int g = fused_group_seen(n, v);
      if (g < 0 || std::find(candidates.begin(), candidates.end(), g) != candidates.end()) continue;
      if (group(g).nodes.size() >= most_nodes || too_early(node, g)) continue;
      if (std::any_of(n.inputs.begin(), n.inputs.end(), [&](int other) { return only_in_memory(other, g); })) continue;
      if (std::optional<Fit> f = fit(n, s, g)) {
        candidates.push_back(g);
        fits.push_back(*f);
      }
    }
    // All of them together, else the latest one that works.
    if (candidates.size() > 1 && joinable(candidates, fits, s, needed)) {
      int a = candidates[0];
      for (size_t i = 1; i < candidates.size(); ++i) merge(a, candidates[i], to_first(candidates[i], fits[i], fits[0], s));
      join(node, a, fits[0]);
      return;
    }
    for (size_t i = candidates.size(); i-- > 0;) {
      std::vector<int> others = needed;
      others.erase(std::find(others.begin(), others.end(), candidates[i]));
      if (closes_cycle({candidates[i]}, others)) continue;
      join(node, candidates[i], fits[i]);
      return;
    }
    start_group(node, true, s);
    set_maps(node, DimMap::identity(s), DimMap::identity(s));
  }

  bool joinable(const std::vector<int>& candidates, const std::vector<Fit>& fits, const Shape& s, const std::vector<int>& needed) {
    size_t total = 0;
    const auto reduced_in_result = [&](size_t i) {  // the reduced dims of a candidate as dims of the new node
      uint32_t bits = 0;
      for (int d = 0; d < s.size(); ++d) {
        if (fits[i].map[d] >= 0 && group(candidates[i]).reduced >> fits[i].map[d] & 1) bits |= 1u << d;
      }
      return bits;
    };
    std::optional<uint32_t> reduced;
    for (size_t i = 0; i < candidates.size(); ++i) {
      if (!fits[i].full) return false;
      total += group(candidates[i]).nodes.size();
      if (!group(candidates[i]).has_reduce) continue;
      const uint32_t bits = reduced_in_result(i);
      if (reduced && *reduced != bits) return false;
      reduced = bits;
      if (rows_stay_in_cache(group(candidates[i])) && !group(candidates[i]).crossed) continue;
      // What another candidate takes from this one may be sums that are complete only after a pass over memory.
      for (int u : group(candidates[i]).users) {
        if (out_.find(u) != candidates[i] && std::find(candidates.begin(), candidates.end(), out_.find(u)) != candidates.end()) return false;
      }
    }
    if (total >= most_nodes || !read_each_other_in_place(candidates, fits, s)) return false;
    std::vector<int> others;
    for (int g : needed) {
      if (std::find(candidates.begin(), candidates.end(), g) == candidates.end()) others.push_back(g);
    }
    return !closes_cycle(candidates, others);
  }

  void join(int node, int g, const Fit& f) {
    set_maps(node, f.map, f.map);
    enter(node, g);
  }

  void set_maps(int node, const DimMap& result, const DimMap& operands) {
    out_.in_domain[static_cast<size_t>(ir_.nodes[static_cast<size_t>(node)].first_output)] = result;
    out_.operands[static_cast<size_t>(node)] = operands;
  }

  void place_reduce(int node) {
    const IrNode& n = ir_.nodes[static_cast<size_t>(node)];
    const Reduce& attrs = *static_cast<const Reduce*>(n.attrs);
    const int v = n.inputs[0];
    const Shape& s = shape(v);
    const auto result_map = [&](const DimMap& in) {
      DimMap m;
      int next = 0;
      for (int d = 0; d < s.size(); ++d) {
        const bool gone = next < attrs.dims.size() && attrs.dims[next] == d;
        next += gone;
        if (!gone) m.push(in[d]);
        else if (attrs.keepdim) m.push(-1);
      }
      return m;
    };
    const int g = fused_group_of(v);
    if (g >= 0 && group(g).nodes.size() < most_nodes) {
      const DimMap m = *in_domain_of(g, v);
      const uint32_t bits = reduced_bits(attrs, m);
      if (is_full_in(group(g), v, m) && bits != 0 && (!group(g).has_reduce || group(g).reduced == bits)) {
        group(g).has_reduce = true;
        group(g).reduced = bits;
        set_maps(node, result_map(m), m);
        enter(node, g);
        return;
      }
    }
    DimMap crossed;
    if (const int rows = group_to_cross(node, v, crossed); rows >= 0) {
      out_.across[static_cast<size_t>(node)] = group(rows).crossed = true;
      set_maps(node, result_map(crossed), crossed);
      enter(node, rows);
      return;
    }
    const int fresh = start_group(node, true, s);
    const DimMap identity = DimMap::identity(s);
    group(fresh).reduced = reduced_bits(attrs, identity);
    group(fresh).has_reduce = group(fresh).reduced != 0;  // along dims of size 1 nothing is reduced
    set_maps(node, result_map(identity), identity);
  }

  const Ir& ir_;
  Grouping out_;
  std::vector<int> level_, first_user_;  // per node; of the users the lowest level
  std::vector<uint64_t> visited_;
  uint64_t stamp_ = 0;
};

}  // namespace

int stored_source(const Ir& ir, int v) {
  while (ir.node_of(v).kind == IrKind::view) v = ir.node_of(v).inputs[0];
  return v;
}

Grouping group(const Ir& ir) { return Grouper(ir).run(); }

}  // namespace deepseek::scheduler
