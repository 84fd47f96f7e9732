// Batch norm outside of training is a slope and a shift for each channel: they move into the convolution before them.
#include "deepseek/graph/leaf.h"
#include "deepseek/ops/contraction/conv.h"
#include "deepseek/scheduler/ir.h"

namespace deepseek::scheduler {
namespace {

// The other operand of pointwise `n` where `n` is that op of value v and a number for each channel; -1 where it is not.
int channel_operand(const Ir& ir, const IrNode& n, std::string_view op, int v) {
  if (n.kind != IrKind::pointwise || n.op->info.name != op || n.inputs[0] == n.inputs[1]) return -1;
  const int other = n.inputs[0] == v ? n.inputs[1] : n.inputs[0];
  const Spec &y = ir.spec(v), &c = ir.spec(other);
  if (!(ir.spec(n.first_output) == y) || c.dtype != y.dtype || c.rank() != y.rank() || y.shape[1] == 1) return -1;
  for (int d = 0; d < c.rank(); ++d) {
    if (c.shape[d] != (d == 1 ? y.shape[1] : 1)) return -1;
  }
  return other;
}

class Folding {
 public:
  explicit Folding(Ir& ir) : ir_(ir), users_(users_of(ir)), gone_(ir.nodes.size(), 0) {}

  void run() {
    for (size_t i = 0; i < ir_.nodes.size(); ++i) {
      const IrNode& n = ir_.nodes[i];
      if (n.kind == IrKind::kernel && n.op == op_of<Conv>() && ir_.spec(n.first_output).dtype == DType::float32) fold(i);
    }
    remove_nodes(ir_, gone_);
  }

 private:
  // The node that alone reads v; -1 where there is no such node, or v is needed for itself.
  int reader(int v) const { return ir_.values[static_cast<size_t>(v)].keep ? -1 : users_[static_cast<size_t>(v)].only; }
  const IrNode& node(int i) const { return ir_.nodes[static_cast<size_t>(i)]; }

  void fold(size_t conv) {
    const int y = ir_.nodes[conv].first_output, mul = reader(y);
    if (mul < 0) return;
    const int slope = channel_operand(ir_, node(mul), "mul", y), scaled = node(mul).first_output, add = slope < 0 ? -1 : reader(scaled);
    if (add < 0) return;
    const int shift = channel_operand(ir_, node(add), "add", scaled);
    if (shift < 0) return;
    int last = add;
    const int after = reader(node(add).first_output);
    const bool relu6 = after >= 0 && node(after).kind == IrKind::pointwise && node(after).op->info.name == "relu6";
    if (relu6) last = after;
    replace(ir_.nodes[conv], slope, shift, relu6);
    ir_.values[static_cast<size_t>(scaled)].node = -1;
    gone_[static_cast<size_t>(mul)] = 1;
    if (relu6) {
      ir_.values[static_cast<size_t>(node(add).first_output)].node = -1;
      gone_[static_cast<size_t>(add)] = 1;
    }
    take_place(ir_, conv, static_cast<size_t>(last), gone_);
  }

  void replace(IrNode& n, int slope, int shift, bool relu6) {
    ConvAffine op;
    static_cast<ConvOp&>(op) = *static_cast<const Conv*>(n.attrs);
    op.bias = n.inputs.size() == 3, op.relu6 = relu6;
    n.inputs.insert(n.inputs.end(), {slope, shift});
    TensorList stand_ins;
    for (int v : n.inputs) stand_ins.emplace_back(Value{placeholder_node(ir_.spec(v)), 0});
    const NoGradGuard no_grad;
    const Ref<Node> made = apply_list(op, stand_ins).value().node;
    n.op = made->op, n.attrs = made->attrs();
    ir_.keep_alive.push_back(made);
  }

  Ir& ir_;
  std::vector<Users> users_;
  std::vector<uint8_t> gone_;
};

}  // namespace

void fold_channel_maps(Ir& ir) { Folding(ir).run(); }

}  // namespace deepseek::scheduler
