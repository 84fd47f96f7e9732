#include "deepseek/runtime/run.h"

#include <cstring>

#include "deepseek/graph/leaf.h"

namespace deepseek::runtime {

using scheduler::Plan;
using scheduler::PlanBuffer;
using scheduler::PlanStep;
using scheduler::Walk;

namespace {

// Memory of one run. Kept per thread, so that a steady loop does not allocate.
struct Frame {
  std::vector<std::byte*> bytes;      // per buffer
  std::vector<StorageRef> storages;   // per buffer; null in the arena
  std::vector<uint64_t> scalars;
  std::vector<void*> pointers;
  std::vector<Storage*> input_storages;
};

Buffer& leaf_buffer(const Walk& walk, int slot) {
  const Walk::Leaf& l = walk.leaves[static_cast<size_t>(slot)];
  return l.node->outputs()[static_cast<size_t>(l.output)].buffer;
}

void bind(const Plan& plan, const Walk& walk, Frame& f, StorageRef& arena) {
  if (plan.arena_bytes > 0) arena = Storage::allocate(plan.arena_bytes);
  f.bytes.resize(plan.buffers.size());
  f.storages.assign(plan.buffers.size(), StorageRef());
  for (size_t i = 0; i < plan.buffers.size(); ++i) {
    const PlanBuffer& b = plan.buffers[i];
    if (b.same_as >= 0) continue;
    switch (b.source) {
      case PlanBuffer::Source::leaf: {
        const Buffer& buffer = leaf_buffer(walk, b.slot);
        const Walk::Leaf& l = walk.leaves[static_cast<size_t>(b.slot)];
        f.storages[i] = buffer.storage;
        f.bytes[i] = buffer.storage->data() + buffer.offset * size_of(l.node->spec(l.output).dtype);
        break;
      }
      case PlanBuffer::Source::data:
        f.storages[i] = b.data;
        f.bytes[i] = b.data->data();
        break;
      case PlanBuffer::Source::storage:
        f.storages[i] = Storage::allocate(std::max<int64_t>(b.bytes, 1));
        f.bytes[i] = f.storages[i]->data();
        break;
      case PlanBuffer::Source::arena:
        f.bytes[i] = arena ? arena->data() + b.offset : nullptr;
        break;
    }
  }
  for (size_t i = 0; i < plan.buffers.size(); ++i) {
    const int r = plan.root(static_cast<int>(i));
    if (r == static_cast<int>(i)) continue;
    f.bytes[i] = f.bytes[static_cast<size_t>(r)];
    f.storages[i] = f.storages[static_cast<size_t>(r)];
  }
  f.scalars.clear();
  for (const Node* n : walk.scalars) f.scalars.push_back(scalar_bits(n->attrs_as<ScalarAttrs>(), n->spec().dtype));
  f.scalars.insert(f.scalars.end(), plan.constants.begin(), plan.constants.end());
}

// A leaf whose bytes a result has taken: packed forms of them are stale, and after a failure the leaf is gone.
template <class F>
void for_overwritten_leaves(const Plan& plan, const Walk& walk, size_t steps_done, F&& f) {
  for (size_t i = 0; i < steps_done; ++i) {
    for (const PlanStep::Operand& o : plan.steps[i].operands) {
      if (!o.output) continue;
      const PlanBuffer& b = plan.buffers[static_cast<size_t>(plan.root(o.buffer))];
      if (b.source == PlanBuffer::Source::leaf) f(walk.leaves[static_cast<size_t>(b.slot)]);
    }
  }
}

void run_step(const PlanStep& s, Frame& f) {
  const size_t n = s.operands.size();
  f.pointers.resize(n);
  for (size_t i = 0; i < n; ++i) f.pointers[i] = f.bytes[static_cast<size_t>(s.operands[i].buffer)] + s.operands[i].offset;
  if (s.fused) {
    s.fused->run(f.pointers.data(), f.scalars.data());
    return;
  }
  const size_t inputs = static_cast<size_t>(s.kernel_inputs);
  f.input_storages.resize(inputs);
  for (size_t i = 0; i < inputs; ++i) f.input_storages[i] = f.storages[static_cast<size_t>(s.operands[i].buffer)].get();
  void* workspace = s.workspace >= 0 ? f.bytes[static_cast<size_t>(s.workspace)] : nullptr;
  s.kernel({.inputs = f.pointers.data(), .outputs = f.pointers.data() + inputs, .workspace = workspace,
            .input_storages = f.input_storages.data()});
}

}  // namespace

void run(const Plan& plan, const Walk& walk, int& failed_origin) {
  static thread_local Frame kept;
  static thread_local bool busy = false;
  Frame own;
  Frame& f = busy ? own : kept;
  const ScopedMode<bool> in_use(busy, true);
  StorageRef arena;
  bind(plan, walk, f, arena);
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    try {
      run_step(plan.steps[i], f);
    } catch (...) {
      failed_origin = plan.steps[i].origin;
      for_overwritten_leaves(plan, walk, i + 1, [](const Walk::Leaf& l) { l.node->lost = true; });
      f.storages.clear();
      throw;
    }
  }
  for_overwritten_leaves(plan, walk, plan.steps.size(),
                         [](const Walk::Leaf& l) { l.node->outputs()[static_cast<size_t>(l.output)].buffer.storage->companion.reset(); });
  for (const Plan::Result& r : plan.results) {
    Buffer& b = walk.order[static_cast<size_t>(r.node)]->outputs()[static_cast<size_t>(r.output)].buffer;
    const PlanBuffer& from = plan.buffers[static_cast<size_t>(plan.root(r.location.buffer))];
    int64_t offset = r.location.offset;
    if (from.source == PlanBuffer::Source::leaf) offset += leaf_buffer(walk, from.slot).offset;
    b = {f.storages[static_cast<size_t>(r.location.buffer)], offset, r.location.strides};
  }
  f.storages.clear();
}

}  // namespace deepseek::runtime
