#include "deepseek/backends/cpu/half/widened.h"

#include "deepseek/backends/cpu/fused/convert.h"
#include "deepseek/runtime/parallel.h"

namespace deepseek::half {
namespace {

constexpr int64_t grain = 1 << 15;  // elements that a thread converts at a time

// Memory order of the dims, outermost first; dims of size 1 have no place of their own.
Dims order_of(const Operand& o) {
  Dims order;
  for (int d = 0; d < o.spec.rank(); ++d) order.push_back(d);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return o.strides[static_cast<int>(a)] > o.strides[static_cast<int>(b)];
  });
  return order;
}

// An operand as runs of neighbours in memory, in the order in which a dense copy holds them.
struct Runs {
  int64_t run = 1, count = 1;
  Dims sizes;  // of the dims outside a run, outermost first
  Strides strides;

  explicit Runs(const Operand& o) {
    const Dims order = order_of(o);
    bool inside = true;
    for (int i = order.size() - 1; i >= 0; --i) {
      const int d = static_cast<int>(order[i]);
      const int64_t size = o.spec.shape[d], stride = o.strides[d];
      if (size == 1) continue;
      if (inside && stride == run) {
        run *= size;
        continue;
      }
      inside = false;
      sizes.insert(0, size);
      strides.insert(0, stride);
      count *= size;
    }
  }
  int64_t offset(int64_t i) const {
    int64_t at = 0;
    for (int d = sizes.size() - 1; d >= 0; --d) at += i % sizes[d] * strides[d], i /= sizes[d];
    return at;
  }
};

// A broadcast dim is stored once.
bool has_repeats(const Operand& o) {
  for (int d = 0; d < o.spec.rank(); ++d) {
    if (o.spec.shape[d] > 1 && o.strides[d] == 0) return true;
  }
  return false;
}

struct Copy {
  int operand;
  int64_t offset;  // bytes in the workspace
  Runs runs;
  fused::BlockFn convert;

  void widen(const void* from, float* to) const {
    const auto* x = static_cast<const uint16_t*>(from);
    if (runs.count == 1) {
      parallel_for(runs.run, grain, [&](int64_t begin, int64_t end) {
        const void* in = x + begin;
        convert(to + begin, &in, end - begin);
      });
      return;
    }
    parallel_for(runs.count, std::max<int64_t>(1, grain / runs.run), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const void* in = x + runs.offset(i);
        convert(to + i * runs.run, &in, runs.run);
      }
    });
  }
  void narrow(const float* from, void* to) const {
    auto* y = static_cast<uint16_t*>(to);
    parallel_for(runs.run, grain, [&](int64_t begin, int64_t end) {
      const void* in = from + begin;
      convert(y + begin, &in, end - begin);
    });
  }
};

struct Widened {
  KernelFn kernel;
  std::vector<Copy> in, out;
  size_t inputs, outputs;

  void operator()(const KernelRun& run) const {
    auto* memory = static_cast<std::byte*>(run.workspace);
    std::vector<const void*> from(run.inputs, run.inputs + inputs);
    std::vector<void*> to(run.outputs, run.outputs + outputs);
    std::vector<Storage*> storages(inputs, nullptr);
    if (run.input_storages) std::copy_n(run.input_storages, inputs, storages.begin());
    for (const Copy& c : in) {
      auto* wide = reinterpret_cast<float*>(memory + c.offset);
      c.widen(run.inputs[c.operand], wide);
      from[static_cast<size_t>(c.operand)] = wide;
      storages[static_cast<size_t>(c.operand)] = nullptr;
    }
    for (const Copy& c : out) to[static_cast<size_t>(c.operand)] = memory + c.offset;
    kernel({from.data(), to.data(), memory, storages.data()});
    for (const Copy& c : out) c.narrow(reinterpret_cast<const float*>(memory + c.offset), run.outputs[c.operand]);
  }
};

}  // namespace

fused::BlockFn conversion(DType from, DType to) { return fused::converter(from, to)[static_cast<int>(fused::current_isa())]; }

KernelFn make_widened(KernelContext& context, const std::function<KernelFn(KernelContext&)>& make) {
  KernelContext wide = context;
  wide.may_alias.clear();
  std::vector<Strides> dense(context.inputs.size());
  for (size_t i = 0; i < wide.inputs.size(); ++i) {
    Operand& o = wide.inputs[i];
    if (!is_half(o.spec.dtype)) continue;
    if (has_repeats(o)) o.strides = contiguous_strides(o.spec.shape), context.inputs[i].strides = o.strides;
    o.spec.dtype = DType::float32;
    o.strides = dense[i] = strides_for_order(o.spec.shape, order_of(o));
  }
  for (Operand& o : wide.outputs) {
    if (is_half(o.spec.dtype)) o.spec.dtype = DType::float32;
  }
  Widened w{.kernel = make(wide), .inputs = context.inputs.size(), .outputs = context.outputs.size()};
  int64_t at = (wide.workspace + 63) / 64 * 64;
  const auto place = [&](std::vector<Copy>& list, size_t i, const Operand& o, DType from, DType to) {
    list.push_back({static_cast<int>(i), at, Runs(o), conversion(from, to)});
    at += (o.spec.numel() * static_cast<int64_t>(sizeof(float)) + 63) / 64 * 64;
  };
  for (size_t i = 0; i < context.inputs.size(); ++i) {
    Operand& o = context.inputs[i];
    const bool asked = !(wide.inputs[i].strides == dense[i]);
    if (!is_half(o.spec.dtype)) {
      o.strides = wide.inputs[i].strides;
      continue;
    }
    if (asked) o.strides = wide.inputs[i].strides;
    place(w.in, i, o, o.spec.dtype, DType::float32);
  }
  for (size_t i = 0; i < context.outputs.size(); ++i) {
    Operand& o = context.outputs[i];
    o.strides = wide.outputs[i].strides;
    if (is_half(o.spec.dtype)) place(w.out, i, o, DType::float32, o.spec.dtype);
  }
  context.workspace = at;
  return w;
}

}  // namespace deepseek::half
