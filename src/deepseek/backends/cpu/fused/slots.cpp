// Memory for slots: a slot lives from the instruction that writes it to the last that reads it, and slots whose lives do not
// overlap share memory, so that a long chain of steps runs in a few blocks that stay in the first-level cache.
#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include "deepseek/backends/cpu/fused/lowering.h"

namespace deepseek::fused {
namespace {

constexpr int never = std::numeric_limits<int>::max();

struct Life {
  int first = never;
  int last = -1;
  int placed = -1;
};

struct Span {
  int first, last;  // positions of instructions
  bool loop;
};

class Placement {
 public:
  Placement(Code& code, const std::vector<VirtualSlot>& slots) : code_(code), slots_(slots), lives_(slots.size()) {
    add(code.preamble, false);
    add(code.rows[0], false);
    for (size_t s = 0; s < code.full.size(); ++s) {
      add(code.spread[s], false);
      add(code.full[s], !code.cut.one_block);
      add(code.rows[s + 1], false);
    }
  }

  void run() {
    find_lives();
    find_hazards();
    assign();
    place_reductions();
  }

 private:
  void add(Section& section, bool loop) {
    const int first = static_cast<int>(order_.size());
    for (Instruction& in : section) order_.push_back(&in);
    spans_.push_back({first, static_cast<int>(order_.size()) - 1, loop});
  }

  void extend(int slot, const Span& span, int position) {
    while (slot >= 0) {
      Life& life = lives_[static_cast<size_t>(slot)];
      // Read again by the next turn of the loop, or by the next group.
      int end = span.loop && life.first < span.first ? span.last : position;
      if (life.first <= spans_[0].last && position > spans_[0].last) end = static_cast<int>(order_.size());
      life.last = std::max(life.last, end);
      slot = slots_[static_cast<size_t>(slot)].backing;
    }
  }

  void find_lives() {
    reads_.assign(slots_.size(), -1);
    for (const Span& span : spans_) {
      for (int at = span.first; at <= span.last; ++at) {
        Instruction& in = *order_[static_cast<size_t>(at)];
        // What a pass writes for later ones is written from its first block to its last.
        const int start = span.loop ? span.first : at;
        for (int slot : reads(code_, in)) {
          Life& life = lives_[static_cast<size_t>(slot)];
          if (life.first == never) life.first = slots_[static_cast<size_t>(slot)].whole_loop ? start : at;
          extend(slot, span, at);
          reads_[static_cast<size_t>(slot)] = at;
        }
        for (int slot : writes(code_, in)) {
          Life& life = lives_[static_cast<size_t>(slot)];
          life.first = std::min(life.first, at);
          life.last = std::max(life.last, at);
          for (int b = slots_[static_cast<size_t>(slot)].backing; b >= 0; b = slots_[static_cast<size_t>(b)].backing) {
            if (slots_[static_cast<size_t>(b)].whole_loop) {
              lives_[static_cast<size_t>(b)].last = std::max(lives_[static_cast<size_t>(b)].last, span.loop ? span.last : at);
            }
          }
        }
      }
    }
  }

  void find_hazards() {
    for (int at = 0; at < static_cast<int>(order_.size()); ++at) {
      const Instruction& out = *order_[static_cast<size_t>(at)];
      if (!out.writes) continue;
      // A pointer is written through by the instruction that has it as destination.
      int written = at;
      if (out.action == Action::point) {
        while (++written < static_cast<int>(order_.size()) && !writes_slot(written, out.dst)) {}
      }
      for (int from = 0; from < static_cast<int>(order_.size()); ++from) {
        const Instruction& in = *order_[static_cast<size_t>(from)];
        if (in.writes) continue;
        int read = -1;
        if (in.action == Action::point || in.action == Action::fetch) read = reads_[static_cast<size_t>(in.dst)];
        if (in.action == Action::gather) read = from;
        if (read > written) add_hazard(out, in);
      }
    }
  }
  bool writes_slot(int at, int slot) {
    const std::span<int> slots = writes(code_, *order_[static_cast<size_t>(at)]);
    return std::find(slots.begin(), slots.end(), slot) != slots.end();
  }
  void add_hazard(const Instruction& out, const Instruction& in) {
    const Operand& o = code_.operands[static_cast<size_t>(out.operand)];
    const Operand& i = code_.operands[static_cast<size_t>(in.operand)];
    code_.hazards.push_back({o.buffer, i.buffer, o.walk.offset * out.bytes, i.walk.offset * in.bytes});
  }

  using Key = std::tuple<int64_t, int64_t, bool>;  // bytes, bytes of an element, row level
  Key key_of(int slot) const {
    const VirtualSlot& s = slots_[static_cast<size_t>(slot)];
    return {(s.elements * s.element_bytes + 63) / 64 * 64, s.element_bytes, s.row_level};
  }

  void assign() {
    std::vector<std::vector<int>> ends(order_.size() + 1);
    for (size_t s = 0; s < lives_.size(); ++s) {
      if (lives_[s].last >= 0 && lives_[s].last < static_cast<int>(order_.size())) {
        ends[static_cast<size_t>(lives_[s].last)].push_back(static_cast<int>(s));
      }
    }
    for (size_t at = 0; at < order_.size(); ++at) {
      Instruction& in = *order_[at];
      // An elementwise instruction may write over an argument that nobody reads after it.
      if (in.action == Action::call) release(ends[at], in.dst);
      for (int slot : reads(code_, in)) place(slot);
      for (int slot : writes(code_, in)) place(slot);
      if (in.action != Action::call) release(ends[at], -1);
      else if (in.dst >= 0 && lives_[static_cast<size_t>(in.dst)].last == static_cast<int>(at)) release({in.dst}, -1);
    }
    for (Instruction* in : order_) {
      for (int& slot : reads(code_, *in)) slot = lives_[static_cast<size_t>(slot)].placed;
      for (int& slot : writes(code_, *in)) slot = lives_[static_cast<size_t>(slot)].placed;
    }
  }

  void place(int slot) {
    Life& life = lives_[static_cast<size_t>(slot)];
    if (life.placed >= 0) return;
    const Key key = key_of(slot);
    std::vector<int>& list = free_[key];
    if (!list.empty()) {
      life.placed = list.back();
      list.pop_back();
      return;
    }
    life.placed = static_cast<int>(code_.slots.size());
    Slot made;
    made.row_level = std::get<2>(key);
    if (std::get<0>(key) > 0) {
      made.offset = static_cast<int64_t>(code_.frame_bytes);
      code_.frame_bytes += static_cast<size_t>(std::get<0>(key));
    }
    code_.slots.push_back(made);
  }

  void release(const std::vector<int>& ending, int except) {
    for (int slot : ending) {
      if (slot != except && lives_[static_cast<size_t>(slot)].placed >= 0) free_[key_of(slot)].push_back(lives_[static_cast<size_t>(slot)].placed);
    }
  }

  void place_reductions() {
    const Cut& cut = code_.cut;
    const auto take = [&](int64_t bytes) {
      const size_t at = code_.frame_bytes;
      code_.frame_bytes += static_cast<size_t>((bytes + 63) / 64 * 64);
      return at;
    };
    for (Across& r : code_.across) {
      r.state = take(cut.reduced * state_bytes);
      r.accumulator = take(cut.reduced * r.element_bytes);
    }
    for (Reduction& r : code_.reductions) {
      r.state = take(cut.group * state_bytes);
      if (cut.columns) r.accumulator = take(std::max(cut.group, cut.block) * r.element_bytes);
    }
  }

  Code& code_;
  const std::vector<VirtualSlot>& slots_;
  std::vector<Life> lives_;
  std::vector<int> reads_;  // last instruction that reads a slot
  std::vector<Instruction*> order_;
  std::vector<Span> spans_;
  std::map<Key, std::vector<int>> free_;
};

}  // namespace

void place_slots(Code& code, const std::vector<VirtualSlot>& slots) { Placement(code, slots).run(); }

}  // namespace deepseek::fused
