#include "deepseek/scheduler/rematerialize.h"

#include <algorithm>
#include <limits>

#include "deepseek/scheduler/group.h"

namespace deepseek::scheduler {
namespace {

constexpr int64_t least_bytes = 1 << 16;        // of a value worth the trouble
constexpr int64_t least_total = int64_t{8} << 20;  // below this all lies in cache
constexpr size_t most_steps = 32;
// A copy serves users that are this close to each other; others get their own, so that it does not live as long as the original.
constexpr int window = 24;
constexpr int never = std::numeric_limits<int>::max();

class Rematerializer {
 public:
  Rematerializer(Ir& ir, Effort effort) : ir_(ir), effort_(effort) {}

  void run() {
    if (!find_backward()) return;
    find_uses();
    choose();
    if (effort_.share > 0) choose_segments();
    if (std::find(dropped_.begin(), dropped_.end(), uint8_t{1}) != dropped_.end()) rewrite();
  }

 private:
  struct Chain {
    std::vector<int> reads;  // values that the copy needs in memory
    std::vector<int> steps;  // values that are computed again
    int64_t read_bytes = 0, extended_bytes = 0;
  };

  IrValue& value(int v) { return ir_.values[static_cast<size_t>(v)]; }
  int node_index(int v) { return value(v).node; }
  static bool is_cheap(const IrNode& n) { return n.kind == IrKind::pointwise || n.kind == IrKind::cast; }
  static bool is_free(const IrNode& n) {
    return n.kind == IrKind::leaf || n.kind == IrKind::data || n.kind == IrKind::scalar || n.kind == IrKind::constant ||
           n.kind == IrKind::iota;
  }
  int base(int v) const { return stored_source(ir_, v); }

  bool find_backward() {
    next_backward_.assign(ir_.nodes.size() + 1, never);
    for (size_t i = ir_.nodes.size(); i-- > 0;) {
      next_backward_[i] = ir_.nodes[i].backward ? static_cast<int>(i) : next_backward_[i + 1];
    }
    return next_backward_[0] != never;
  }
  // Where the backward part begins that follows the computation of v.
  int start_of_backward(int v) { return next_backward_[static_cast<size_t>(node_index(v))]; }

  void find_uses() {
    last_use_.assign(ir_.values.size(), -1);
    for (size_t i = 0; i < ir_.nodes.size(); ++i) {
      if (ir_.nodes[i].kind == IrKind::view) continue;
      for (int v : ir_.nodes[i].inputs) last_use_[static_cast<size_t>(base(v))] = static_cast<int>(i);
    }
    for (size_t v = 0; v < ir_.values.size(); ++v) {
      if (ir_.values[v].keep && ir_.values[v].node >= 0) last_use_[static_cast<size_t>(base(static_cast<int>(v)))] = never;
    }
  }

  void choose() {
    dropped_.assign(ir_.values.size(), 0);
    inlined_.assign(ir_.values.size(), 0);
    std::vector<int> candidates;
    int64_t total = 0;
    for (const IrNode& n : ir_.nodes) {
      const int v = n.first_output;
      if (!is_cheap(n) || n.backward || ir_.spec(v).bytes() < least_bytes) continue;
      if (last_use_[static_cast<size_t>(v)] == never || last_use_[static_cast<size_t>(v)] < start_of_backward(v)) continue;
      candidates.push_back(v);
      total += ir_.spec(v).bytes();
    }
    if (total < least_total && effort_.share == 0) return;
    for (int v : candidates) {
      Chain chain;
      const int64_t bytes = ir_.spec(v).bytes();
      if (!follow(v, v, chain)) continue;
      if (2 * chain.read_bytes > 5 * bytes || 2 * chain.extended_bytes > bytes) continue;
      dropped_[static_cast<size_t>(v)] = 1;
      for (int u : chain.steps) inlined_[static_cast<size_t>(u)] = 1;
      for (int u : chain.reads) extend(u, last_use_[static_cast<size_t>(v)]);
    }
  }

  // Cuts the first part of the forward computation into segments of about equal bytes. What is used only inside its segment is
  // computed again when backward comes to the segment.
  void choose_segments() {
    std::vector<int> last_forward(ir_.values.size(), -1);
    for (size_t i = 0; i < ir_.nodes.size(); ++i) {
      const IrNode& n = ir_.nodes[i];
      if (n.backward) continue;
      for (int v : n.inputs) last_forward[static_cast<size_t>(base(v))] = static_cast<int>(i);
    }
    const auto weight = [&](const IrNode& n) {
      if (n.kind == IrKind::view || is_free(n) || n.backward) return int64_t{0};
      int64_t bytes = 0;
      for (int o = 0; o < n.n_outputs; ++o) {
        if (last_use_[static_cast<size_t>(n.first_output + o)] >= start_of_backward(n.first_output)) bytes += ir_.spec(n.first_output + o).bytes();
      }
      return bytes;
    };
    double total = 0;
    for (const IrNode& n : ir_.nodes) total += static_cast<double>(weight(n));
    const double step = total * effort_.share / effort_.segments;
    std::vector<int> segment(ir_.nodes.size(), never);  // never: beyond the share
    double sum = 0;
    int current = 0;
    for (size_t i = 0; i < ir_.nodes.size(); ++i) {
      // Between kernels little crosses; between the steps of one fused group much would.
      if (ir_.nodes[i].kind == IrKind::kernel) current = static_cast<int>(sum / step);
      if (current >= effort_.segments) break;
      segment[i] = current;
      sum += static_cast<double>(weight(ir_.nodes[i]));
    }
    for (size_t i = 0; i < ir_.nodes.size(); ++i) {
      const IrNode& n = ir_.nodes[i];
      if (segment[i] == never || n.kind == IrKind::view || is_free(n) || n.backward) continue;
      bool inside = true;
      int64_t bytes = 0;
      for (int o = 0; o < n.n_outputs; ++o) {
        const auto v = static_cast<size_t>(n.first_output + o);
        if (ir_.values[v].node < 0) continue;
        inside &= last_use_[v] != never && (last_forward[v] < 0 || segment[static_cast<size_t>(last_forward[v])] == segment[i]);
        bytes += ir_.spec(static_cast<int>(v)).bytes();
      }
      if (bytes < least_bytes) continue;
      for (int o = 0; o < n.n_outputs; ++o) {
        const auto v = static_cast<size_t>(n.first_output + o);
        dropped_[v] = inlined_[v] = 0;  // what crosses the end of a segment is kept, since the next one begins with it
        if (!inside) continue;
        if (last_use_[v] >= start_of_backward(static_cast<int>(v))) dropped_[v] = 1;
        else inlined_[v] = 1;
      }
    }
  }

  // Values that live to the end of v's use are free to read; cheap steps are followed; others would have to live longer.
  bool follow(int v, int root, Chain& chain) {
    if (chain.steps.size() >= most_steps) return false;
    chain.steps.push_back(v);
    for (int input : ir_.node_of(v).inputs) {
      const int u = base(input);
      const IrNode& n = ir_.node_of(u);
      if (n.kind == IrKind::scalar || n.kind == IrKind::constant || n.kind == IrKind::iota) continue;
      if (has(chain.reads, u) || has(chain.steps, u)) continue;
      const bool alive = is_free(n) || (!dropped_[static_cast<size_t>(u)] &&
                                        last_use_[static_cast<size_t>(u)] >= last_use_[static_cast<size_t>(root)] - window);
      if (!alive && is_cheap(n) && !n.backward) {
        if (!follow(u, root, chain)) return false;
        continue;
      }
      chain.reads.push_back(u);
      chain.read_bytes += ir_.spec(u).bytes();
      if (!alive) chain.extended_bytes += ir_.spec(u).bytes();
    }
    return true;
  }
  static bool has(const std::vector<int>& list, int v) { return std::find(list.begin(), list.end(), v) != list.end(); }
  void extend(int u, int to) { last_use_[static_cast<size_t>(u)] = std::max(last_use_[static_cast<size_t>(u)], to); }

  void rewrite() {
    copies_.assign(ir_.values.size(), {});
    start_.assign(ir_.values.size(), never);
    for (size_t v = 0; v < ir_.values.size(); ++v) {
      if (dropped_[v]) start_[v] = start_of_backward(static_cast<int>(v));
    }
    std::vector<IrNode> old = std::move(ir_.nodes);
    ir_.nodes.clear();
    for (size_t i = 0; i < old.size(); ++i) {
      IrNode n = std::move(old[i]);
      if (n.kind != IrKind::view) {
        for (int& v : n.inputs) v = late(v, static_cast<int>(i), false);
      }
      place(std::move(n));
    }
  }

  void place(IrNode n) {
    for (int o = 0; o < n.n_outputs; ++o) value(n.first_output + o).node = static_cast<int>(ir_.nodes.size());
    ir_.nodes.push_back(std::move(n));
  }

  // What a user at place `at` of the old order reads in place of v; `inside` a chain, what was followed is computed again too.
  int late(int v, int at, bool inside) {
    const IrNode& n = ir_.node_of(v);
    const size_t i = static_cast<size_t>(v);
    if (n.kind == IrKind::view) {
      const int b = base(v);
      if (!again(b, at, inside)) return v;
    } else if (!again(v, at, inside)) {
      return v;
    }
    const bool lasts = n.kind == IrKind::kernel;  // too dear to compute a third time
    if (copies_[i].value >= 0 && (lasts || at - copies_[i].at <= window)) return copies_[i].value;
    IrNode copy = n;
    const int first = copy.first_output;
    for (int& u : copy.inputs) u = late(u, at, true);
    copy.recomputed = true;
    copy.first_output = static_cast<int>(ir_.values.size());
    for (int o = 0; o < copy.n_outputs; ++o) {
      IrValue fresh = ir_.values[static_cast<size_t>(first + o)];
      fresh.keep = false;
      ir_.values.push_back(std::move(fresh));
      copies_[static_cast<size_t>(first + o)] = {copy.first_output + o, at};
    }
    place(std::move(copy));
    return copies_[i].value;
  }
  bool again(int b, int at, bool inside) {
    const size_t i = static_cast<size_t>(b);
    if (i >= dropped_.size() || !(dropped_[i] || (inside && inlined_[i]))) return false;
    return inside || at >= start_[i];
  }

  Ir& ir_;
  const Effort effort_;
  std::vector<int> next_backward_, last_use_, start_;
  std::vector<uint8_t> dropped_, inlined_;  // per value: computed again for backward; computed again on the way to such a value
  struct Copy {
    int value = -1;
    int at = 0;
  };
  std::vector<Copy> copies_;
};

}  // namespace

void rematerialize(Ir& ir, Effort effort) { Rematerializer(ir, effort).run(); }

}  // namespace deepseek::scheduler
