// Runs code: cuts the groups among threads, walks sections, executes instructions.
#include <algorithm>
#include <array>
#include <cstring>

#include "deepseek/backends/cpu/fused/code.h"
#include "deepseek/backends/cpu/fused/scratch.h"
#include "deepseek/backends/cpu/fused/stream.h"
#include "deepseek/runtime/parallel.h"

namespace deepseek::fused {
namespace {

constexpr int64_t serial_work = 32 * 1024;  // points times a third of the instructions
constexpr int64_t most_chunks = 256;
constexpr int64_t split_chunks = 64;
constexpr int64_t large_bytes = 1024 * 1024;        // memory beyond the second-level cache is fetched ahead
constexpr int64_t stream_bytes = 16 * 1024 * 1024;  // results of this size will not be found in the caches

struct Memory {
  void* const* pointers;
  const uint64_t* scalars;
  size_t isa;
  bool large;   // worth fetching ahead
  bool stream;  // results go past the caches
};

// One thread's slots and where it is.
class Worker {
 public:
  Worker(const Code& code, const Memory& memory)
      : code_(code), memory_(memory), scratch_(code.frame_bytes + code.slots.size() * sizeof(void*) + 64) {
    frame_ = scratch_.data();
    slot_ = reinterpret_cast<std::byte**>(frame_ + (code.frame_bytes + 63) / 64 * 64);
    for (size_t i = 0; i < code.slots.size(); ++i) {
      if (code.slots[i].offset >= 0) slot_[i] = frame_ + code.slots[i].offset;
    }
  }

  ~Worker() {
    if (memory_.stream) stream_fence();
  }

  void preamble() { execute(code_.preamble, 0, 1); }

  // Reads the row-level values of the thread that owns the group.
  void follow(const Worker& owner) {
    for (size_t i = 0; i < code_.slots.size(); ++i) {
      if (code_.slots[i].row_level) slot_[i] = owner.slot_[i];
    }
    first_ = owner.first_;
    count_ = owner.count_;
    ahead_ = owner.ahead_;
  }

  void begin_group(int64_t group) {
    first_ = group * code_.cut.group;
    count_ = std::min(code_.cut.group, code_.cut.kept - first_);
    ahead_ = code_.cut.columns && code_.cut.group <= block_size ? code_.cut.repeats * code_.cut.kept : code_.cut.block;
  }
  void rows(size_t stage) { execute(code_.rows[stage], first_, count_); }

  // Reduced points [begin, end) of the group, folded into this worker's states.
  void pass(size_t s, int64_t begin, int64_t end) {
    pass_ = static_cast<int64_t>(s);
    const Cut& cut = code_.cut;
    for (const Reduction& r : code_.reductions) {
      if (r.pass != static_cast<int>(s)) continue;
      r.fold->start(frame_ + r.state, count_);
      if (cut.columns) r.fold->start_columns(frame_ + r.accumulator, count_ * cut.repeats);
    }
    execute(code_.spread[s], first_, count_);
    if (begin < end) {
      if (cut.columns) column_blocks(s, begin, end);
      else row_blocks(s, begin, end);
    }
  }

  std::byte* state(const Reduction& r) const { return frame_ + r.state; }
  int64_t count() const { return count_; }

 private:
  void row_blocks(size_t s, int64_t begin, int64_t end) {
    const Cut& cut = code_.cut;
    const int64_t start = first_ * cut.reduced;
    if (cut.one_block) {
      segments_ = count_;
      execute(code_.full[s], start, count_ * cut.reduced);
      return;
    }
    segments_ = 1;
    for (int64_t q = begin; q < end; q += cut.block) {
      place_ = q;
      execute(code_.full[s], start + q, std::min(cut.block, end - q));
    }
  }

  void column_blocks(size_t s, int64_t begin, int64_t end) {
    const Cut& cut = code_.cut;
    int64_t blocks = 0;
    for (int64_t r = begin; r < end; r += cut.repeats) {
      if (cut.repeats > 1 || count_ <= cut.block) {
        place_ = r * cut.group;
        execute(code_.full[s], r * cut.kept + first_, std::min(cut.repeats, end - r) * count_);
      } else {
        for (column_ = 0; column_ < count_; column_ += cut.block) {
          place_ = r * cut.group + column_;
          execute(code_.full[s], r * cut.kept + first_ + column_, std::min(cut.block, count_ - column_));
        }
        column_ = 0;
      }
      if (++blocks % flush_period == 0) flush(s, true);
    }
    flush(s, false);
  }

  void flush(size_t s, bool restart) {
    for (const Reduction& r : code_.reductions) {
      if (r.pass != static_cast<int>(s)) continue;
      r.fold->flush(frame_ + r.state, frame_ + r.accumulator, count_, code_.cut.repeats);
      if (restart) r.fold->start_columns(frame_ + r.accumulator, count_ * code_.cut.repeats);
    }
  }

  std::byte* address(const Operand& o, int64_t position, int64_t bytes) const {
    return static_cast<std::byte*>(memory_.pointers[o.buffer]) + (o.walk.offset + position) * bytes;
  }

  // Memory to come is fetched while instructions compute, each taking its share: the processor waits for few lines at a time,
  // and many at once would hold up the instruction after them.
  void fetch_later(const std::byte* memory, int64_t bytes, bool write) {
    if (waiting_ == most_waiting) fetch_share(1);
    queue_[static_cast<size_t>(waiting_++)] = {memory, (bytes + 63) / 64, write};
    lines_waiting_ += (bytes + 63) / 64;
  }
  void fetch_share(int sharers) {
    for (int64_t share = (lines_waiting_ + sharers - 1) / sharers; share > 0;) {
      Ahead& a = queue_[static_cast<size_t>(waiting_ - 1)];
      const int64_t lines = std::min(a.lines, share);
      if (a.write) fetch_ahead<true>(a.at, lines);
      else fetch_ahead<false>(a.at, lines);
      a.at += 64 * lines, a.lines -= lines, share -= lines, lines_waiting_ -= lines;
      if (a.lines == 0) --waiting_;
    }
  }

  void execute(const Section& section, int64_t position, int64_t n) {
    for (const Instruction& in : section) {
      if (in.later > 0 && lines_waiting_ > 0) fetch_share(in.later);
      switch (in.action) {
        case Action::call: {
          const void* args[4];
          for (int i = 0; i < in.arity; ++i) args[i] = slot_[in.args[i]];
          in.fn[memory_.isa](slot_[in.dst], args, n);
          break;
        }
        case Action::joint: {
          const JointCall& j = code_.joints[static_cast<size_t>(in.operand)];
          std::array<void*, 16> out, args;
          std::transform(j.outs.begin(), j.outs.end(), out.begin(), [&](int slot) { return slot_[slot]; });
          std::transform(j.ins.begin(), j.ins.end(), args.begin(), [&](int slot) { return slot_[slot]; });
          j.fn[memory_.isa](out.data(), args.data(), n);
          break;
        }
        case Action::point: {
          const Operand& o = code_.operands[static_cast<size_t>(in.operand)];
          std::byte* const at = address(o, o.walk.rank == 0 ? 0 : position, in.bytes);
          slot_[in.dst] = at;
          if (in.stream && in.writes && memory_.stream) slot_[in.dst] = slot_[in.args[0]];
          else if (in.ahead && memory_.large) fetch_later(at + ahead_ * in.bytes, n * in.bytes, in.writes);
          break;
        }
        default: execute_rare(in, position, n);
      }
    }
  }

  void execute_rare(const Instruction& in, int64_t position, int64_t n) {
    const Cut& cut = code_.cut;
    const auto operand = [&]() -> const Operand& { return code_.operands[static_cast<size_t>(in.operand)]; };
    const auto reduction = [&]() -> const Reduction& { return code_.reductions[static_cast<size_t>(in.operand)]; };
    switch (in.action) {
      case Action::scalar:
        slot_[in.dst] = const_cast<std::byte*>(reinterpret_cast<const std::byte*>(memory_.scalars + operand().buffer));
        break;
      case Action::fetch:
        slot_[in.dst] = static_cast<std::byte*>(const_cast<void*>(
            fetch(operand().walk, in.bytes, memory_.pointers[operand().buffer], position, n, slot_[in.args[0]])));
        break;
      case Action::gather: gather(operand().walk, in.bytes, memory_.pointers[operand().buffer], position, n, slot_[in.dst]); break;
      case Action::number: number(operand().walk, position, n, reinterpret_cast<int64_t*>(slot_[in.dst])); break;
      case Action::stored:
        if (memory_.stream) stream_out(address(operand(), position, in.bytes), slot_[in.args[0]], static_cast<size_t>(n * in.bytes));
        break;
      case Action::store: {
        std::byte* const at = address(operand(), operand().walk.rank == 0 ? 0 : position, in.bytes);
        const auto bytes = static_cast<size_t>(n * in.bytes);
        if (memory_.stream && in.stream) stream_out(at, slot_[in.args[0]], bytes);
        else if (at != slot_[in.args[0]]) std::memcpy(at, slot_[in.args[0]], bytes);
        break;
      }
      case Action::ahead:
        // Each pass but the first fetches its share.
        if (memory_.large) {
          const auto shares = static_cast<int64_t>(code_.full.size()) - 1, bytes = n * in.bytes / shares;
          fetch_later(address(operand(), position + cut.reduced, in.bytes) + (pass_ - 1) * bytes, bytes, false);
        }
        break;
      case Action::scatter:
        scatter(operand().walk, in.bytes, memory_.pointers[operand().buffer], position, n, slot_[in.args[0]],
                in.stream && memory_.stream);
        break;
      case Action::keep: slot_[in.dst] = slot_[in.args[0]] + (cut.one_block ? 0 : place_) * in.bytes; break;
      case Action::shift: slot_[in.dst] = slot_[in.args[0]] + column_ * in.bytes; break;
      case Action::splat: fill(slot_[in.dst], slot_[in.args[0]], in.bytes, std::max(cut.group, cut.block)); break;
      case Action::spread:
        if (cut.columns) repeat_all(slot_[in.dst], slot_[in.args[0]], in.bytes, count_, cut.repeats);
        else if (cut.one_block) repeat_each(slot_[in.dst], slot_[in.args[0]], in.bytes, count_, cut.reduced);
        else fill(slot_[in.dst], slot_[in.args[0]], in.bytes, cut.block);
        break;
      case Action::fold: {
        const Reduction& r = reduction();
        if (cut.columns) r.fold->columns[memory_.isa](frame_ + r.accumulator + column_ * r.element_bytes, slot_[in.args[0]], n);
        else r.fold->rows[memory_.isa](frame_ + r.state, slot_[in.args[0]], segments_, n / segments_);
        break;
      }
      case Action::finish: reduction().fold->finish(slot_[in.dst], frame_ + reduction().state, n); break;
      default: break;
    }
  }

  const Code& code_;
  const Memory& memory_;
  Scratch scratch_;
  std::byte* frame_;
  std::byte** slot_;
  int64_t first_ = 0, count_ = 0;  // kept points of the group
  int64_t place_ = 0;              // of the block in the group, in elements
  int64_t pass_ = 0;
  int64_t column_ = 0;             // of the block among the kept points of the group
  int64_t segments_ = 1;           // rows in the block
  int64_t ahead_ = 0;              // from a block to the next, in elements

  struct Ahead {
    const std::byte* at;
    int64_t lines;
    bool write;
  };
  static constexpr int most_waiting = 16;
  std::array<Ahead, most_waiting> queue_;
  int waiting_ = 0;
  int64_t lines_waiting_ = 0;
};

void run_groups(const Code& code, const Memory& memory, int64_t begin, int64_t end) {
  Worker worker(code, memory);
  worker.preamble();
  for (int64_t g = begin; g < end; ++g) {
    worker.begin_group(g);
    worker.rows(0);
    for (size_t s = 0; s < code.full.size(); ++s) {
      worker.pass(s, 0, code.cut.reduced);
      worker.rows(s + 1);
    }
  }
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
  if (groups == 1 && !cut.split) return run_groups(code, memory, 0, 1);
  if (cut.split) return run_split(code, memory);
  const int64_t work = std::max<int64_t>(1, cut.group * cut.reduced * (code.weight + 2) / 3);  // of a group
  const int64_t grain = std::max<int64_t>({1, serial_work / work, groups / most_chunks});
  parallel_for(groups, grain, [&](int64_t begin, int64_t end) { run_groups(code, memory, begin, end); });
}

}  // namespace deepseek::fused
