#include <algorithm>
#include <set>

#include "deepseek/scheduler/emit.h"

namespace deepseek::scheduler {
namespace {

// Leaves whose bytes a result of this group could take over: a parameter's update writes where the parameter was.
std::vector<int> overwritten_leaves(const Ir& ir, const Group& g, const Walk& walk, const std::vector<uint8_t>& kept) {
  std::vector<int> leaves;
  bool keeps = false;
  for (int node : g.nodes) {
    const IrNode& n = ir.nodes[static_cast<size_t>(node)];
    keeps |= kept[static_cast<size_t>(n.first_output)];
    for (int v : n.inputs) {
      const IrNode& source = ir.node_of(stored_source(ir, v));
      if (source.kind == IrKind::leaf && walk.leaves[static_cast<size_t>(source.slot)].donatable) leaves.push_back(source.slot);
    }
  }
  if (!keeps) leaves.clear();
  return leaves;
}

// As recorded, each group after the groups that it needs.
class Order {
 public:
  Order(const Ir& ir, const Grouping& grouping, const Walk& walk) : ir_(ir), grouping_(grouping), walk_(walk) {
    const size_t n = grouping.groups.size();
    needs_.resize(n), users_.resize(n), early_.assign(n, 0), done_.assign(n, 0), missing_.assign(n, 0);
    find_needs();
    find_early();
    for (int g : alive_) {
      for (int d : needs_[static_cast<size_t>(g)]) users_[static_cast<size_t>(d)].push_back(g);
      missing_[static_cast<size_t>(g)] = static_cast<int>(needs_[static_cast<size_t>(g)].size());
    }
  }

  std::vector<int> run() {
    std::vector<std::pair<int, int>> by_time;
    for (int g : alive_) by_time.push_back({time_of(g), g});
    std::sort(by_time.begin(), by_time.end());
    for (const bool updates : {false, true}) {
      for (const auto& [time, g] : by_time) {
        if (early_[static_cast<size_t>(g)] == updates) with_needs(g);
      }
    }
    DEEPSEEK_CHECK(order_.size() == alive_.size(), "groups depend on each other in a circle");
    return std::move(order_);
  }

 private:
  const Group& group(int g) const { return grouping_.groups[static_cast<size_t>(g)]; }

  void find_needs() {
    readers_.resize(walk_.leaves.size());
    for (size_t g = 0; g < grouping_.groups.size(); ++g) {
      if (grouping_.groups[g].merged_into >= 0) continue;
      alive_.push_back(static_cast<int>(g));
      for (int u : grouping_.groups[g].users) {
        const int to = grouping_.find(u);
        if (to != static_cast<int>(g)) needs_[static_cast<size_t>(to)].insert(static_cast<int>(g)), has_users_.insert(static_cast<int>(g));
      }
      for (int node : grouping_.groups[g].nodes) {
        for (int v : ir_.nodes[static_cast<size_t>(node)].inputs) {
          const IrNode& source = ir_.node_of(stored_source(ir_, v));
          if (source.kind == IrKind::leaf) readers_[static_cast<size_t>(source.slot)].push_back(static_cast<int>(g));
        }
      }
    }
  }

  // An update runs as soon as it can, after all other readers of what it overwrites, so that gradients die early.
  void find_early() {
    std::vector<uint8_t> kept(ir_.values.size(), 0);  // itself or through a view
    for (size_t v = 0; v < ir_.values.size(); ++v) {
      if (ir_.values[v].keep) kept[static_cast<size_t>(stored_source(ir_, static_cast<int>(v)))] = 1;
    }
    for (int g : alive_) {
      if (!group(g).fused || has_users_.count(g)) continue;
      for (int leaf : overwritten_leaves(ir_, group(g), walk_, kept)) {
        early_[static_cast<size_t>(g)] = 1;
        for (int reader : readers_[static_cast<size_t>(leaf)]) {
          if (reader != g && !early_[static_cast<size_t>(reader)]) needs_[static_cast<size_t>(g)].insert(reader);
        }
      }
    }
  }

  // When the group would run had it been recorded alone: at its first node after those that it needs from kernels. (A step that
  // was recorded later but needs only leaves, as the decay of a momentum does, can run at any time.)
  int time_of(int g) const {
    int from = -1;
    for (int node : group(g).nodes) {
      for (int v : ir_.nodes[static_cast<size_t>(node)].inputs) {
        const int source = ir_.values[static_cast<size_t>(stored_source(ir_, v))].node;
        const int producer = grouping_.group_of[static_cast<size_t>(source)];
        if (producer < 0 || grouping_.find(producer) == g || group(grouping_.find(producer)).level == 0) continue;
        from = std::max(from, source);
      }
    }
    for (int node : group(g).nodes) {
      if (node > from) return node;
    }
    return group(g).nodes.back();
  }

  void with_needs(int root) {
    std::vector<int> stack{root};
    std::set<int> open;
    while (!stack.empty()) {
      const int g = stack.back();
      if (done_[static_cast<size_t>(g)]) {
        stack.pop_back();
        continue;
      }
      if (open.insert(g).second) {
        const std::set<int>& needs = needs_[static_cast<size_t>(g)];
        for (auto it = needs.rbegin(); it != needs.rend(); ++it) {
          if (!done_[static_cast<size_t>(*it)]) stack.push_back(*it);
        }
        continue;
      }
      stack.pop_back();
      if (missing_[static_cast<size_t>(g)] == 0) place(g);
    }
  }

  void place(int g) {
    done_[static_cast<size_t>(g)] = 1;
    order_.push_back(g);
    for (int u : users_[static_cast<size_t>(g)]) {
      if (--missing_[static_cast<size_t>(u)] == 0 && early_[static_cast<size_t>(u)]) place(u);
    }
  }

  const Ir& ir_;
  const Grouping& grouping_;
  const Walk& walk_;
  std::vector<int> alive_, order_;
  std::vector<std::set<int>> needs_;
  std::vector<std::vector<int>> users_, readers_;
  std::set<int> has_users_;
  std::vector<uint8_t> early_, done_;
  std::vector<int> missing_;  // needs that have not run
};

}  // namespace

std::vector<int> order_groups(const Ir& ir, const Grouping& grouping, const Walk& walk) { return Order(ir, grouping, walk).run(); }

}  // namespace deepseek::scheduler
