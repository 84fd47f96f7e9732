#include "deepseek/runtime/run.h"

#include <cstring>
#include <memory>

#include "deepseek/graph/leaf.h"
#include "deepseek/graph/rehearsal.h"

namespace deepseek::runtime {

using scheduler::Plan;
using scheduler::PlanBuffer;
using scheduler::PlanStep;
using scheduler::Walk;

namespace {

// Memory of one run. Kept per thread, so that a steady loop does not allocate.
struct Frame {
  std::vector<std::byte*> bytes;      // per buffer
  std::vector<Storage*> storages;     // per buffer; null in the arena
  std::vector<StorageRef> fresh;      // per buffer, of those that are made for this run; leaves are held by the graph
  std::vector<uint64_t> scalars;
  std::vector<void*> pointers;
  std::vector<Storage*> input_storages;
  bool busy = false;
};

Buffer& leaf_buffer(const Walk& walk, int slot) {
  const Walk::Leaf& l = walk.leaves[static_cast<size_t>(slot)];
  return l.node->outputs()[static_cast<size_t>(l.output)].buffer;
}

void bind(const Plan& plan, const Walk& walk, Frame& f, StorageRef& arena) {
  if (plan.arena_bytes > 0) arena = Storage::allocate(plan.arena_bytes);
  f.bytes.resize(plan.buffers.size());
  f.storages.resize(plan.buffers.size());
  f.fresh.resize(std::max(f.fresh.size(), plan.buffers.size()));
  for (const int at : plan.bound) {
    const auto i = static_cast<size_t>(at);
    const PlanBuffer& b = plan.buffers[i];
    Storage* storage = nullptr;
    int64_t offset = 0;
    switch (b.source) {
      case PlanBuffer::Source::leaf: {
        const Walk::Leaf& l = walk.leaves[static_cast<size_t>(b.slot)];
        const Buffer& buffer = leaf_buffer(walk, b.slot);
        storage = buffer.storage.get();
        offset = buffer.offset * size_of(l.node->spec(l.output).dtype);
        break;
      }
      case PlanBuffer::Source::data: storage = b.data.get(); break;
      case PlanBuffer::Source::storage:
        f.fresh[i] = Storage::allocate(std::max<int64_t>(b.bytes, 1));
        storage = f.fresh[i].get();
        break;
      case PlanBuffer::Source::arena: break;
    }
    f.storages[i] = storage;
    f.bytes[i] = storage ? storage->data() + offset : arena ? arena->data() + b.offset : nullptr;
  }
  f.scalars.clear();
  for (const Node* n : walk.scalars) f.scalars.push_back(scalar_bits(n->attrs_as<ScalarAttrs>(), n->spec().dtype));
  if (!plan.constants.empty()) f.scalars.insert(f.scalars.end(), plan.constants.begin(), plan.constants.end());
}

// After a failure the leaves whose bytes a result has taken are gone.
void lose_overwritten(const Plan& plan, const Walk& walk, size_t steps_done) {
  for (size_t i = 0; i < steps_done; ++i) {
    for (const PlanStep::Operand& o : plan.steps[i].operands) {
      if (!o.output) continue;
      const PlanBuffer& b = plan.buffers[static_cast<size_t>(o.buffer)];
      if (b.source == PlanBuffer::Source::leaf) walk.leaves[static_cast<size_t>(b.slot)].node->lost = true;
    }
  }
}

void run_step(const Plan& plan, const PlanStep& s, Frame& f) {
  const size_t n = s.operands.size();
  f.pointers.resize(n);
  for (size_t i = 0; i < n; ++i) f.pointers[i] = f.bytes[static_cast<size_t>(s.operands[i].buffer)] + s.operands[i].offset;
  if (s.fused) {
    s.fused->run(f.pointers.data(), f.scalars.data());
    return;
  }
  const size_t inputs = static_cast<size_t>(s.kernel_inputs);
  f.input_storages.resize(inputs);
  for (size_t i = 0; i < inputs; ++i) {
    const int b = s.operands[i].buffer;
    // Packed weights that the next update makes stale are not worth keeping: they go to the workspace.
    const bool keeps = !plan.buffers[static_cast<size_t>(b)].overwritten;
    f.input_storages[i] = keeps ? f.storages[static_cast<size_t>(b)] : nullptr;
  }
  void* workspace = s.workspace >= 0 ? f.bytes[static_cast<size_t>(s.workspace)] : nullptr;
  s.kernel({.inputs = f.pointers.data(), .outputs = f.pointers.data() + inputs, .workspace = workspace,
            .input_storages = f.input_storages.data()});
}

// What a rehearsed program reads as a number is zero.
void clear_small_results(const Plan& plan, const Frame& f) {
  for (size_t i = 0; i < plan.buffers.size(); ++i) {
    const PlanBuffer& b = plan.buffers[i];
    if (b.same_as < 0 && b.source == PlanBuffer::Source::storage && b.bytes <= 4096) std::memset(f.bytes[i], 0, static_cast<size_t>(b.bytes));
  }
}

}  // namespace

void run(const Plan& plan, const Walk& walk, int& failed_origin) {
  static thread_local const auto kept = std::make_unique<Frame>();
  const auto nested = kept->busy ? std::make_unique<Frame>() : nullptr;
  Frame& f = nested ? *nested : *kept;
  const ScopedMode<bool> in_use(f.busy, true);
  StorageRef arena;
  bind(plan, walk, f, arena);
  const bool rehearsal = Rehearsal::current() != nullptr;
  if (rehearsal) clear_small_results(plan, f);
  for (size_t i = 0; i < plan.steps.size() && !rehearsal; ++i) {
    try {
      run_step(plan, plan.steps[i], f);
    } catch (...) {
      failed_origin = plan.steps[i].origin;
      lose_overwritten(plan, walk, i + 1);
      f.fresh.clear();
      throw;
    }
  }
  if (!rehearsal) {
    for (const int slot : plan.overwritten) leaf_buffer(walk, slot).storage->companion.reset();  // packed forms of the old bytes
  }
  for (const Plan::Result& r : plan.results) {
    Buffer& b = walk.order[static_cast<size_t>(r.node)]->outputs()[static_cast<size_t>(r.output)].buffer;
    const auto at = static_cast<size_t>(r.location.buffer);
    const PlanBuffer& from = plan.buffers[at];
    b.offset = r.location.offset;
    if (from.source == PlanBuffer::Source::leaf) b.offset += leaf_buffer(walk, from.slot).offset;
    b.strides = r.location.strides;
    b.storage = r.takes ? std::move(f.fresh[at]) : StorageRef(f.storages[at]);
  }
  for (const int b : plan.bound) f.fresh[static_cast<size_t>(b)] = {};
}

}  // namespace deepseek::runtime
