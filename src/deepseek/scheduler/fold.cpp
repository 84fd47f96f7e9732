// Pointwise steps that follow a contraction move into its end, where the result is still in registers.
#include "deepseek/ops/contraction/conv.h"
#include "deepseek/scheduler/ir.h"

namespace deepseek::scheduler {
namespace {

// What `n` does to value v, as the end of the kernel that computes v; the other operand of an addition in `other`.
std::optional<PostOp::Kind> post_op_of(const Ir& ir, const IrNode& n, int v, int& other) {
  if (n.kind != IrKind::pointwise || !(ir.spec(n.first_output) == ir.spec(v))) return {};
  if (n.op->info.name == "relu") return PostOp::Kind::relu;
  if (n.op->info.name != "add" || n.inputs[0] == n.inputs[1]) return {};
  other = n.inputs[0] == v ? n.inputs[1] : n.inputs[0];
  if (!(ir.spec(other) == ir.spec(v))) return {};
  const IrKind source = ir.node_of(other).kind;
  if (source == IrKind::scalar || source == IrKind::constant || source == IrKind::iota) return {};
  return PostOp::Kind::add_operand;
}

// Nothing follows a relu: kernels apply it last.
bool ends_in_relu(const IrNode& kernel) {
  if (!kernel.post_ops.empty()) return kernel.post_ops.back().kind == PostOp::Kind::relu;
  return kernel.op == op_of<ConvAffine>() && static_cast<const ConvAffine*>(kernel.attrs)->relu6;
}

}  // namespace

std::vector<Users> users_of(const Ir& ir) {
  std::vector<Users> users(ir.values.size());
  for (size_t i = 0; i < ir.nodes.size(); ++i) {
    for (int v : ir.nodes[i].inputs) users[static_cast<size_t>(v)].only = ++users[static_cast<size_t>(v)].count == 1 ? static_cast<int>(i) : -1;
  }
  return users;
}

void take_place(Ir& ir, size_t kernel, size_t user, std::vector<uint8_t>& gone) {
  IrNode& k = ir.nodes[kernel];
  ir.values[static_cast<size_t>(k.first_output)].node = -1;
  k.first_output = ir.nodes[user].first_output;
  ir.nodes[user] = std::move(k);
  gone[kernel] = 1;
}

void remove_nodes(Ir& ir, const std::vector<uint8_t>& gone) {
  std::vector<IrNode> nodes;
  for (size_t i = 0; i < ir.nodes.size(); ++i) {
    if (gone[i]) continue;
    IrNode& n = ir.nodes[i];
    for (int o = 0; o < n.n_outputs; ++o) ir.values[static_cast<size_t>(n.first_output + o)].node = static_cast<int>(nodes.size());
    nodes.push_back(std::move(n));
  }
  ir.nodes = std::move(nodes);
}

void fold_post_ops(Ir& ir) {
  const std::vector<Users> users = users_of(ir);
  std::vector<uint8_t> gone(ir.nodes.size(), 0);
  for (size_t i = 0; i < ir.nodes.size(); ++i) {
    if (gone[i]) continue;  // it moved on, and took its inputs along
    size_t at = i;
    while (ir.nodes[at].kind == IrKind::kernel && ir.nodes[at].n_outputs == 1 &&
           static_cast<int>(ir.nodes[at].post_ops.size()) < ir.nodes[at].op->max_post_ops) {
      IrNode& kernel = ir.nodes[at];
      const int v = kernel.first_output;
      const Users& u = users[static_cast<size_t>(v)];
      if (ends_in_relu(kernel)) break;
      if (u.count != 1 || ir.values[static_cast<size_t>(v)].keep) break;
      const IrNode& user = ir.nodes[static_cast<size_t>(u.only)];
      int other = -1;
      const std::optional<PostOp::Kind> kind = post_op_of(ir, user, v, other);
      if (!kind) break;
      kernel.post_ops.push_back({*kind, static_cast<int>(kernel.inputs.size())});
      if (*kind == PostOp::Kind::add_operand) kernel.inputs.push_back(other);
      take_place(ir, at, static_cast<size_t>(u.only), gone);
      at = static_cast<size_t>(u.only);
    }
  }
  remove_nodes(ir, gone);
}

}  // namespace deepseek::scheduler
