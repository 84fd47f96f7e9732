// One thread's walk through the groups: executes instructions over slots.
#pragma once
#include <algorithm>
#include <array>
#include <cstring>

#include "deepseek/backends/cpu/fused/code.h"
#include "deepseek/backends/cpu/fused/scratch.h"
#include "deepseek/backends/cpu/fused/stream.h"

namespace deepseek::fused {

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

  void start_across() {
    for (const Across& a : code_.across) {
      a.fold->start(frame_ + a.state, code_.cut.reduced);
      a.fold->start_columns(frame_ + a.accumulator, code_.cut.reduced);
    }
  }
  // What the groups so far add up to along the kept dims.
  std::byte* across(const Across& a) {
    flush_across();
    return frame_ + a.state;
  }
  void end_group() {
    if (!code_.across.empty() && (rows_folded_ += count_) >= flush_period) flush_across();
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

  void flush_across() {
    if (rows_folded_ == 0) return;
    rows_folded_ = 0;
    for (const Across& a : code_.across) {
      a.fold->flush(frame_ + a.state, frame_ + a.accumulator, code_.cut.reduced, 1);
      a.fold->start_columns(frame_ + a.accumulator, code_.cut.reduced);
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
      case Action::repeat: gather(operand().walk, in.bytes, memory_.pointers[operand().buffer], 0, std::min(cut.group, cut.kept), slot_[in.dst]); break;
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
      case Action::fold_across: {
        const Across& a = code_.across[static_cast<size_t>(in.operand)];
        const std::byte* x = slot_[in.args[0]];
        if (!cut.one_block) a.fold->columns[memory_.isa](frame_ + a.accumulator + place_ * a.element_bytes, x, n);
        else for (int64_t r = 0; r < segments_; ++r, x += cut.reduced * a.element_bytes) a.fold->columns[memory_.isa](frame_ + a.accumulator, x, cut.reduced);
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
  int64_t rows_folded_ = 0;        // into the accumulators along the kept dims
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

}  // namespace deepseek::fused
