// Program to code: places each step in the sections where its value is needed and turns it into instructions.
#include <algorithm>

#include "deepseek/backends/cpu/fused/convert.h"
#include "deepseek/backends/cpu/fused/lowering.h"

namespace deepseek::fused {
namespace {

using Kind = Step::Kind;

constexpr int64_t row_ahead_points = 16 * 1024;  // rows up to this size come into the cache before their first pass
constexpr int64_t cache_bytes = 24 * 1024;       // of the first-level cache, for blocks
constexpr int64_t least_block = 128;

class Lowering {
 public:
  Lowering(const Program& program, bool stores_last, int64_t block_points)
      : p_(program), a_(analyse(program)), stores_last_(stores_last) {
    code_.cut = choose_cut(p_, a_, block_points);
    needs_ = find_needs(p_, a_, code_.cut, stores_last);
    const size_t n = p_.steps.size();
    slot_.assign(n, -1);
    wide_.assign(n, -1);
    direct_.assign(n, -1);
    kept_.assign(n, -1);
    operand_of_.assign(p_.accesses.size() * 3, -1);
    reduction_of_.assign(n, -1);
    code_.rows.resize(static_cast<size_t>(a_.passes) + 1);
    code_.spread.resize(static_cast<size_t>(a_.passes));
    code_.full.resize(static_cast<size_t>(a_.passes));
  }

  Code lower() {
    for (size_t k = 0; k < p_.steps.size(); ++k) {
      if (a_.live[k] && a_.same[k] == static_cast<int>(k) && a_.level[k] == Level::uniform) emit(code_.preamble, k, Level::uniform, 0);
    }
    if (!stores_last_) find_direct_stores();
    emit_rows(0);
    for (int s = 0; s < a_.passes; ++s) {
      emit_pass(s);
      emit_rows(s + 1);
    }
    join_lanes(code_);
    for (auto* sections : {&code_.rows, &code_.full}) {
      for (Section& section : *sections) {
        int later = 0;
        for (size_t i = section.size(); i-- > 0;) {
          if (moves_elements(section[i].action)) section[i].later = ++later;
        }
        code_.weight += later;
        // The processor sees where one loop alone is going, and fetches better than one can ask it to.
        if (later == 1) std::for_each(section.begin(), section.end(), [](Instruction& in) { in.ahead = false; });
      }
    }
    place_slots(code_, slots_);
    return std::move(code_);
  }

 private:
  const Step& step(size_t k) const { return p_.steps[k]; }
  size_t arg(size_t k, int i = 0) const { return a_.arg(p_, k, i); }
  const Access& access(size_t k) const { return p_.accesses[static_cast<size_t>(step(k).access)]; }
  bool computed(size_t k) const { return a_.live[k] && a_.same[k] == static_cast<int>(k); }

  // A store takes its value straight from the instruction that computes it, when that runs in the same section and writes the
  // type in memory.
  void find_direct_stores() {
    for (size_t k = 0; k < p_.steps.size(); ++k) {
      if (step(k).kind != Kind::store) continue;
      const size_t v = arg(k);
      const Level level = a_.level[k];
      if (level != a_.level[v] || direct_[v] >= 0 || access(k).dtype != step(v).type || a_.stage[k] != a_.stage[v]) continue;
      if (level == Level::full && needs_.again[v] && !code_.cut.one_block) continue;
      if (step(v).kind == Kind::reduce || !operand(k, level).walk.contiguous()) continue;
      if (step(v).kind == Kind::load && access(v).kind == Access::Kind::memory && access(v).dtype == step(v).type &&
          operand(v, level).walk.contiguous()) continue;
      if (step(v).kind == Kind::load && access(v).kind == Access::Kind::scalar) continue;
      direct_[v] = static_cast<int>(k);
    }
  }

  int operand_index(size_t k, Level level) {
    int& index = operand_of_[static_cast<size_t>(step(k).access) * 3 + static_cast<size_t>(level)];
    if (index >= 0) return index;
    index = static_cast<int>(code_.operands.size());
    code_.operands.push_back({walk_of(p_, a_, code_.cut, access(k), level), access(k).buffer});
    return index;
  }
  const Operand& operand(size_t k, Level level) { return code_.operands[static_cast<size_t>(operand_index(k, level))]; }

  int new_slot(VirtualSlot slot) {
    slots_.push_back(slot);
    return static_cast<int>(slots_.size()) - 1;
  }
  int pointer(bool row_level, int backing = -1) { return new_slot({0, 0, row_level, false, backing}); }
  int block(int64_t element_bytes, Level level) {
    const Cut& cut = code_.cut;
    const int64_t elements = level == Level::uniform ? 1 : level == Level::row ? cut.group : cut.block;
    return new_slot({element_bytes, elements, level != Level::full, false, -1});
  }

  static Instruction make(Action action, int dst, int operand, int64_t bytes, int arg0 = -1) {
    Instruction in;
    in.action = action;
    in.dst = dst;
    in.operand = operand;
    in.bytes = static_cast<uint8_t>(bytes);
    in.args[0] = arg0;
    in.arity = arg0 >= 0 ? 1 : 0;
    return in;
  }
  static Instruction call(const BlockFn* fn, int dst, int arg0) {
    Instruction in = make(Action::call, dst, -1, 0, arg0);
    in.fn = fn;
    return in;
  }

  // Where step k's value goes: the memory it is stored to, the row kept for later passes, or a block.
  int destination(Section& out, size_t k, Level level) {
    const int64_t bytes = size_of(step(k).type);
    // A later pass may compute the value again, but not store it again.
    if (direct_[k] >= 0 && (level != Level::full || a_.stage[k] == pass_)) {
      const auto store = static_cast<size_t>(direct_[k]);
      const int dst = pointer(level != Level::full, block(bytes, level));
      out.push_back(streamed(at_access(Action::point, dst, store, level, slots_.back().backing), store, level, true));
      return dst;
    }
    if (level == Level::full && needs_.again[k] && !code_.cut.one_block) {
      const Cut& cut = code_.cut;
      kept_[k] = new_slot({bytes, cut.reduced * cut.group, false, true, -1});
      return keep(out, k);
    }
    return block(bytes, level);
  }
  // Marks an instruction whose operand a run walks through from end to end.
  Instruction streamed(Instruction in, size_t k, Level level, bool writes) {
    in.writes = writes;
    const bool walks = level == Level::full ? writes || pass_ == 0 : level == Level::row && a_.passes == 0;
    const Walk& walk = operand(k, level).walk;
    const bool lines = in.action == Action::scatter && walk.rank > 1 && walk.stride[0] == 1 && walk.size[0] * in.bytes % 64 == 0;
    if (!walks || (walk.rank != 1 && !lines)) return in;
    const int64_t bytes = in.bytes * code_.cut.kept * code_.cut.reduced;
    in.stream = in.ahead = true;
    (writes ? code_.outs : code_.ins).push_back(in.operand);
    code_.bytes += bytes;
    if (writes) code_.bytes_out += bytes;
    return in;
  }
  Instruction at_access(Action action, int dst, size_t k, Level level, int arg = -1) {
    return make(action, dst, operand_index(k, level), size_of(access(k).dtype), arg);
  }
  int keep(Section& out, size_t k) {
    const int dst = pointer(false, kept_[k]);
    out.push_back(make(Action::keep, dst, -1, size_of(step(k).type), kept_[k]));
    return dst;
  }

  void emit(Section& out, size_t k, Level level, int pass) {
    const Step& s = step(k);
    switch (s.kind) {
      case Kind::load: slot_[k] = load(out, k, level); break;
      case Kind::store: store(out, k, level, pass); break;
      case Kind::cast: {
        const int value = read(arg(k), level, pass);
        const int dst = destination(out, k, level);
        out.push_back(call(converter(step(arg(k)).type, s.type), dst, value));
        written(out, dst);
        slot_[k] = dst;
        break;
      }
      case Kind::compute: {
        Instruction in;
        in.arity = static_cast<uint8_t>(s.op->arity);
        for (int i = 0; i < s.op->arity; ++i) in.args[i] = read(arg(k, i), level, pass);
        const DType type = step(arg(k, s.op->arity - 1)).type;
        in.fn = s.op->entries[static_cast<int>(type)].fn;
        in.dst = destination(out, k, level);
        out.push_back(in);
        written(out, in.dst);
        slot_[k] = in.dst;
        break;
      }
      case Kind::reduce: {
        const int value = read(arg(k), Level::full, pass);
        if (a_.across[k]) fold_across(out, k, value);
        else out.push_back(make(Action::fold, -1, reduction(k), 0, value));
        break;
      }
    }
  }

  bool repeats_in_blocks(const Walk& w) const {
    return a_.passes == 0 && w.rank == 2 && w.stride[1] == 0 && code_.cut.group % w.size[0] == 0;
  }

  int load(Section& out, size_t k, Level level) {
    const Access& a = access(k);
    const bool row_level = level != Level::full;
    const bool convert = a.dtype != step(k).type;
    const int64_t bytes = size_of(a.dtype);
    int raw;
    if (a.kind == Access::Kind::scalar) {
      raw = pointer(row_level);
      out.push_back(make(Action::scalar, raw, operand_index(k, level), bytes));
    } else if (a.kind == Access::Kind::index) {
      raw = convert ? block(bytes, level) : destination(out, k, level);
      out.push_back(make(Action::number, raw, operand_index(k, level), bytes));
      written(out, raw);
    } else if (operand(k, level).walk.contiguous() && !stores_last_) {
      raw = pointer(row_level);
      Instruction in = streamed(at_access(Action::point, raw, k, level), k, level, false);
      // A row that several passes read comes into the cache while the row before is in its last pass.
      if (in.stream && row_ahead()) {
        in.stream = in.ahead = false;
        Instruction next = at_access(Action::ahead, -1, k, level);
        aheads_.push_back(next);
      }
      out.push_back(in);
    } else if (repeats_in_blocks(operand(k, level).walk) && !stores_last_ && direct_[k] < 0) {
      raw = new_slot({bytes, code_.cut.group, true, false, -1});
      code_.preamble.push_back(make(Action::repeat, raw, operand_index(k, level), bytes));
    } else if (stores_last_ || (!convert && (direct_[k] >= 0 || (level == Level::full && needs_.again[k])))) {
      raw = convert ? block(bytes, level) : destination(out, k, level);
      out.push_back(make(Action::gather, raw, operand_index(k, level), bytes));
      written(out, raw);
    } else {
      const int backing = block(bytes, level);
      raw = pointer(row_level, backing);
      out.push_back(make(Action::fetch, raw, operand_index(k, level), bytes, backing));
    }
    if (!convert) return raw;
    const int dst = destination(out, k, level);
    out.push_back(call(converter(a.dtype, step(k).type), dst, raw));
    written(out, dst);
    return dst;
  }

  void store(Section& out, size_t k, Level level, int pass) {
    const size_t v = arg(k);
    if (direct_[v] == static_cast<int>(k)) return;
    int value = read(v, level, pass);
    const Access& a = access(k);
    const BlockFn* convert = converter(step(v).type, a.dtype);
    const int64_t bytes = size_of(a.dtype);
    if (operand(k, level).walk.contiguous()) {
      if (a.dtype == step(v).type) {
        out.push_back(streamed(at_access(Action::store, -1, k, level, value), k, level, true));
        return;
      }
      const int dst = pointer(level != Level::full, block(bytes, level));
      out.push_back(streamed(at_access(Action::point, dst, k, level, slots_.back().backing), k, level, true));
      out.push_back(call(convert, dst, value));
      written(out, dst);
      return;
    }
    if (a.dtype != step(v).type) {
      const int converted = block(bytes, level);
      out.push_back(call(convert, converted, value));
      value = converted;
    }
    out.push_back(streamed(at_access(Action::scatter, -1, k, level, value), k, level, true));
  }

  // After the instruction that wrote slot dst, whose pointer the instruction before set when it is an output.
  void written(Section& out, int dst) {
    if (out.size() < 2) return;
    const Instruction point = out[out.size() - 2];
    if (!point.stream || !point.writes || point.action != Action::point || point.dst != dst) return;
    out.push_back(make(Action::stored, -1, point.operand, point.bytes, dst));
  }

  bool row_ahead() const {
    const Cut& cut = code_.cut;
    return a_.passes > 1 && !cut.columns && !cut.one_block && !cut.split && cut.reduced <= row_ahead_points;
  }

  // The slot that holds v for a reader of the given level.
  int read(size_t v, Level level, int pass) {
    const int slot = slot_[v];
    if (a_.level[v] == level) return slot;
    const int64_t bytes = size_of(step(v).type);
    if (wide_[v] >= 0) return wide_[v];
    const Cut& cut = code_.cut;
    if (a_.level[v] == Level::uniform) {
      wide_[v] = new_slot({bytes, std::max(cut.group, cut.block), true, false, -1});
      code_.preamble.push_back(make(Action::splat, wide_[v], -1, bytes, slot));
    } else if (cut.columns && cut.block == cut.group) {
      wide_[v] = slot;
    } else if (cut.columns && cut.repeats == 1) {
      wide_[v] = pointer(false, slot);
      code_.full[static_cast<size_t>(pass)].push_back(make(Action::shift, wide_[v], -1, bytes, slot));
    } else {
      wide_[v] = block(bytes, Level::full);
      code_.spread[static_cast<size_t>(pass)].push_back(make(Action::spread, wide_[v], -1, bytes, slot));
    }
    return wide_[v];
  }

  int reduction(size_t k) {
    if (reduction_of_[k] < 0) {
      reduction_of_[k] = static_cast<int>(code_.reductions.size());
      code_.reductions.push_back({&fold_of(step(k).reduce, step(k).type), a_.stage[k] - 1, size_of(step(k).type)});
    }
    return reduction_of_[k];
  }

  void fold_across(Section& out, size_t k, int value) {
    for (size_t store = 0; store < p_.steps.size(); ++store) {
      if (step(store).kind != Kind::store || arg(store) != k) continue;
      Dims sizes, strides;
      for (int d : a_.reduced_dims) sizes.push_back(p_.domain[d]), strides.push_back(access(store).strides[d]);
      const Operand result{Walk(sizes, strides, access(store).offset), access(store).buffer};
      out.push_back(make(Action::fold_across, -1, static_cast<int>(code_.across.size()), 0, value));
      code_.across.push_back({&fold_of(step(k).reduce, step(k).type), size_of(step(k).type), result});
    }
  }

  void emit_rows(int stage) {
    Section& out = code_.rows[static_cast<size_t>(stage)];
    for (size_t k = 0; k < p_.steps.size(); ++k) {
      if (!computed(k) || a_.level[k] != Level::row) continue;
      if (a_.stage[k] != stage || (stores_last_ && step(k).kind == Kind::store)) continue;
      if (step(k).kind == Kind::reduce) {
        slot_[k] = block(size_of(step(k).type), Level::row);
        out.push_back(make(Action::finish, slot_[k], reduction(k), size_of(step(k).type)));
      } else {
        emit(out, k, Level::row, 0);
      }
    }
    if (stores_last_ && stage == a_.passes) emit_stores(out, Level::row, 0);
  }

  void emit_pass(int s) {
    pass_ = s;
    Section& out = code_.full[static_cast<size_t>(s)];
    const std::vector<char>& need = needs_.pass[static_cast<size_t>(s)];
    // Another thread may run the next pass of a split group: it spreads its own copies.
    if (code_.cut.split || code_.cut.columns) {
      for (size_t k = 0; k < p_.steps.size(); ++k) {
        if (a_.level[k] == Level::row) wide_[k] = -1;
      }
    }
    std::vector<char> here(p_.steps.size(), 0);
    for (size_t k = 0; k < p_.steps.size(); ++k) {
      if (!need[k]) continue;
      for (int i = 0; i < arity_of(step(k)); ++i) {
        const size_t v = arg(k, i);
        if (a_.level[v] == Level::full && !need[v] && kept_[v] >= 0 && !here[v]) {
          slot_[v] = keep(out, v);
          here[v] = 1;
        }
      }
      if (step(k).kind == Kind::store && stores_last_) continue;
      emit(out, k, Level::full, s);
    }
    if (stores_last_ && s == a_.passes - 1) emit_stores(out, Level::full, s);
    if (s > 0) out.insert(out.begin(), aheads_.begin(), aheads_.end());
  }

  void emit_stores(Section& out, Level level, int pass) {
    for (size_t k = 0; k < p_.steps.size(); ++k) {
      if (step(k).kind == Kind::store && a_.level[k] == level && !a_.across[arg(k)]) store(out, k, level, pass);
    }
  }

  const Program& p_;
  Analysis a_;
  bool stores_last_;
  int pass_ = 0;  // being emitted
  Code code_;
  Needs needs_;
  std::vector<VirtualSlot> slots_;
  std::vector<int> slot_;                // of the value at its own level, in the section being emitted
  std::vector<int> wide_;                // of the value spread to blocks
  std::vector<int> direct_;              // store that takes the value from where it is computed
  std::vector<int> kept_;                // row kept from pass to pass
  std::vector<Instruction> aheads_;
  std::vector<int> operand_of_, reduction_of_;
};

}  // namespace

Code lower(const Program& program, bool stores_last) {
  // Shorter blocks for programs that touch many at once, so that all of them stay in the first-level cache.
  for (int64_t points = block_size;; points /= 2) {
    Code code = Lowering(program, stores_last, points).lower();
    const int64_t touched = static_cast<int64_t>(code.frame_bytes) + code.bytes / std::max<int64_t>(code.cut.groups(), 1);
    if (points <= least_block || !code.full.empty() || code.cut.groups() <= 1 || touched <= cache_bytes) return code;
  }
}

}  // namespace deepseek::fused
