// Runs code: cuts the groups among threads and puts together what they reduce.
#include "deepseek/backends/cpu/fused/worker.h"
#include "deepseek/runtime/parallel.h"

namespace deepseek::fused {
namespace {

constexpr int64_t serial_work = 32 * 1024;  // points times a third of the instructions
constexpr int64_t most_chunks = 256;
constexpr int64_t split_chunks = 64;
constexpr int64_t across_chunks = 128;
constexpr int64_t across_values = 1024 * 1024;  // of one sum, in all chunks
constexpr int64_t large_bytes = 1024 * 1024;        // memory beyond the second-level cache is fetched ahead
constexpr int64_t stream_bytes = 16 * 1024 * 1024;  // results of this size will not be found in the caches

void run_groups(Worker& worker, const Code& code, int64_t begin, int64_t end) {
  worker.preamble();
  for (int64_t g = begin; g < end; ++g) {
    worker.begin_group(g);
    worker.rows(0);
    for (size_t s = 0; s < code.full.size(); ++s) {
      worker.pass(s, 0, code.cut.reduced);
      worker.rows(s + 1);
    }
    worker.end_group();
  }
}

// As below, where chunks have sums of their own along the kept dims: they are added up in the order of the chunks.
void run_across(const Code& code, const Memory& memory, int64_t grain) {
  const int64_t groups = code.cut.groups(), points = code.cut.reduced;
  grain = std::max(grain, groups / std::clamp<int64_t>(across_values / points, 16, across_chunks));
  const int64_t chunks = (groups + grain - 1) / grain;
  const auto sums = static_cast<int64_t>(code.across.size()), bytes = points * state_bytes;
  Scratch parts(static_cast<size_t>((chunks + 1) * sums * bytes) + 64);
  const auto part = [&](int64_t chunk, int64_t sum) { return parts.data() + (chunk * sums + sum) * bytes; };
  parallel_for(groups, grain, [&](int64_t begin, int64_t end) {
    Worker worker(code, memory);
    worker.start_across();
    run_groups(worker, code, begin, end);
    for (int64_t s = 0; s < sums; ++s) {
      std::memcpy(part(begin / grain, s), worker.across(code.across[static_cast<size_t>(s)]), static_cast<size_t>(bytes));
    }
  });
  parallel_for(points, block_size, [&](int64_t begin, int64_t end) {
    alignas(64) std::byte finished[block_size * state_bytes];
    for (int64_t s = 0; s < sums; ++s) {
      const Across& a = code.across[static_cast<size_t>(s)];
      std::byte* const total = part(chunks, s) + begin * state_bytes;
      a.fold->start(total, end - begin);
      for (int64_t c = 0; c < chunks; ++c) a.fold->merge(total, part(c, s) + begin * state_bytes, end - begin);
      a.fold->finish(finished, total, end - begin);
      scatter(a.result.walk, a.element_bytes, memory.pointers[a.result.buffer], begin, end - begin, finished, false);
    }
  });
}

// The threads share the points of each group; chunks are combined in their order.
void run_split_pass(const Code& code, const Memory& memory, const Worker& owner, size_t s) {
  const Cut& cut = code.cut;
  const int64_t unit = cut.columns ? cut.repeats * flush_period : cut.block;  // whole blocks, and whole periods
  const int64_t points = cut.columns ? cut.group : 1;
  int64_t grain = std::max(serial_work / points, cut.reduced / split_chunks);
  grain = std::max<int64_t>(1, (grain + unit - 1) / unit) * unit;
  const int64_t chunks = (cut.reduced + grain - 1) / grain;
  std::vector<const Reduction*> mine;
  for (const Reduction& r : code.reductions) {
    if (r.pass == static_cast<int>(s)) mine.push_back(&r);
  }
  const auto bytes = static_cast<size_t>(owner.count() * state_bytes);
  Scratch parts(static_cast<size_t>(chunks) * mine.size() * bytes + 64);
  parallel_for(cut.reduced, grain, [&](int64_t begin, int64_t end) {
    Worker worker(code, memory);
    worker.follow(owner);
    worker.pass(s, begin, end);
    std::byte* part = parts.data() + static_cast<size_t>(begin / grain) * mine.size() * bytes;
    for (size_t i = 0; i < mine.size(); ++i) std::memcpy(part + i * bytes, worker.state(*mine[i]), bytes);
  });
  for (size_t i = 0; i < mine.size(); ++i) {
    const Reduction& r = *mine[i];
    r.fold->start(owner.state(r), owner.count());
    for (int64_t c = 0; c < chunks; ++c) {
      r.fold->merge(owner.state(r), parts.data() + (static_cast<size_t>(c) * mine.size() + i) * bytes, owner.count());
    }
  }
}

void run_split(const Code& code, const Memory& memory) {
  Worker owner(code, memory);
  owner.preamble();
  for (int64_t g = 0; g < code.cut.groups(); ++g) {
    owner.begin_group(g);
    owner.rows(0);
    for (size_t s = 0; s < code.full.size(); ++s) {
      run_split_pass(code, memory, owner, s);
      owner.rows(s + 1);
    }
  }
}

// Results larger than the caches are written past them, unless they replace inputs, whose lines are in the cache anyway.
bool writes_past_caches(const Code& code, void* const* pointers) {
  const int64_t run = code.cut.columns ? code.cut.kept : code.cut.reduced;
  if (code.bytes_out < stream_bytes || (!code.full.empty() && run % 32 != 0)) return false;
  const auto start = [&](int operand) {
    const Operand& o = code.operands[static_cast<size_t>(operand)];
    return static_cast<const char*>(pointers[o.buffer]) + o.walk.offset;
  };
  for (int out : code.outs) {
    if (reinterpret_cast<uintptr_t>(pointers[code.operands[static_cast<size_t>(out)].buffer]) % 64 != 0) return false;
    if (code.operands[static_cast<size_t>(out)].walk.offset % 64 != 0) return false;
    for (int in : code.ins) {
      if (start(in) == start(out)) return false;
    }
  }
  return true;
}

}  // namespace

void run(const Code& code, void* const* pointers, const uint64_t* scalars) {
  const Cut& cut = code.cut;
  const Memory memory{pointers, scalars, static_cast<size_t>(current_isa()), code.bytes >= large_bytes, writes_past_caches(code, pointers)};
  const int64_t groups = cut.groups();
  if (groups == 0) return;
  if (cut.split) return run_split(code, memory);
  const int64_t work = std::max<int64_t>(1, cut.group * cut.reduced * (code.weight + 2) / 3);  // of a group
  const int64_t grain = std::max<int64_t>({1, serial_work / work, groups / most_chunks});
  if (!code.across.empty()) return run_across(code, memory, grain);
  parallel_for(groups, grain, [&](int64_t begin, int64_t end) {
    Worker worker(code, memory);
    run_groups(worker, code, begin, end);
  });
}

}  // namespace deepseek::fused
