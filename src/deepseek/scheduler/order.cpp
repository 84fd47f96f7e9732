#include <queue>
#include <set>

#include "deepseek/scheduler/emit.h"

namespace deepseek::scheduler {
namespace {

// Leaves whose bytes a result of this group could take over: a parameter's update writes where the parameter was.
std::vector<int> overwritten_leaves(const Ir& ir, const Group& g, const Walk& walk) {
  std::vector<int> leaves;
  bool keeps = false;
  for (int node : g.nodes) {
    const IrNode& n = ir.nodes[static_cast<size_t>(node)];
    keeps |= ir.values[static_cast<size_t>(n.first_output)].keep;
    for (int v : n.inputs) {
      const IrNode& source = ir.node_of(stored_source(ir, v));
      if (source.kind == IrKind::leaf && walk.leaves[static_cast<size_t>(source.slot)].donatable) leaves.push_back(source.slot);
    }
  }
  if (!keeps) leaves.clear();
  return leaves;
}

}  // namespace

std::vector<int> order_groups(const Ir& ir, const Grouping& grouping, const Walk& walk) {
  const size_t n = grouping.groups.size();
  std::vector<std::set<int>> users(n);
  std::vector<int> waits(n, 0);
  std::vector<std::vector<int>> readers(walk.leaves.size());
  std::vector<int> alive;
  for (size_t g = 0; g < n; ++g) {
    const Group& group = grouping.groups[g];
    if (group.merged_into >= 0) continue;
    alive.push_back(static_cast<int>(g));
    for (int u : group.users) {
      const int to = grouping.find(u);
      if (to != static_cast<int>(g)) users[g].insert(to);
    }
    for (int node : group.nodes) {
      for (int v : ir.nodes[static_cast<size_t>(node)].inputs) {
        const IrNode& source = ir.node_of(stored_source(ir, v));
        if (source.kind == IrKind::leaf) readers[static_cast<size_t>(source.slot)].push_back(static_cast<int>(g));
      }
    }
  }
  // An update runs as soon as it can, after all other readers of what it overwrites, so that gradients die early.
  std::vector<uint8_t> early(n, 0);
  for (int g : alive) {
    const Group& group = grouping.groups[static_cast<size_t>(g)];
    if (!group.fused || !users[static_cast<size_t>(g)].empty()) continue;
    for (int leaf : overwritten_leaves(ir, group, walk)) {
      early[static_cast<size_t>(g)] = 1;
      for (int reader : readers[static_cast<size_t>(leaf)]) {
        if (reader != g && !early[static_cast<size_t>(reader)]) users[static_cast<size_t>(reader)].insert(g);
      }
    }
  }
  for (int g : alive) {
    for (int u : users[static_cast<size_t>(g)]) ++waits[static_cast<size_t>(u)];
  }
  using Entry = std::pair<std::pair<int, int>, int>;  // early first, then as recorded
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready;
  const auto push = [&](int g) {
    ready.push({{early[static_cast<size_t>(g)] ? 0 : 1, grouping.groups[static_cast<size_t>(g)].nodes.back()}, g});
  };
  for (int g : alive) {
    if (waits[static_cast<size_t>(g)] == 0) push(g);
  }
  std::vector<int> order;
  while (!ready.empty()) {
    const int g = ready.top().second;
    ready.pop();
    order.push_back(g);
    for (int u : users[static_cast<size_t>(g)]) {
      if (--waits[static_cast<size_t>(u)] == 0) push(u);
    }
  }
  DEEPSEEK_CHECK(order.size() == alive.size(), "groups depend on each other in a circle");
  return order;
}

}  // namespace deepseek::scheduler
