// What compile() makes of a program: instructions over slots, in sections that the driver repeats.
//
// A program is rewritten over two flat domains: the kept points (kept dims, row-major) and all points. A *group* is a run of kept
// points that is computed together. Sections, in the order of execution:
//   preamble                       once per thread and run: values that are the same everywhere, spread over a block
//   for each group:  rows[0]       row-level values, one element per kept point of the group
//     for each pass s: spread[s]   row-level values repeated to full blocks
//                      full[s]     for each block of points of the group: full values, folded into the reductions of the pass
//                      rows[s+1]   results of the pass and row-level values that follow from them
#pragma once
#include <span>
#include <vector>

#include "deepseek/backends/cpu/fused/fold.h"
#include "deepseek/backends/cpu/fused/walk.h"

namespace deepseek::fused {

enum class Action : uint8_t {
  point,      // slot[dst] = address of the operand's elements at the block's position
  scalar,     // slot[dst] = address of the run's scalar
  fetch,      // slot[dst] = elements of the operand: in place where contiguous, else gathered into slot[args[0]]
  gather,     // the operand's elements into slot[dst]
  number,     // the operand's index numbers into slot[dst]
  call,       // fn(slot[dst], slots of args, n)
  joint,      // Code::joints[operand]: several lanes in one loop
  stored,     // what was written through the pointer slot[args[0]] reaches the operand's memory, when it went elsewhere
  store,      // slot[args[0]] into the operand's memory
  ahead,      // the operand's next group is fetched into the cache
  scatter,    // slot[args[0]] into the operand's places
  keep,       // slot[dst] = slot[args[0]] + the block's place in the group
  shift,      // slot[dst] = slot[args[0]] + the block's place among the kept points of the group
  repeat,     // what the operand has for the first block, into slot[dst]: the same for all blocks
  splat,      // slot[dst] filled with the one element of slot[args[0]]
  spread,     // slot[dst] = the row-level slot[args[0]] repeated along the reduced dims
  fold,       // slot[args[0]] into the state of reduction `operand`
  fold_across,  // the rows of slot[args[0]] into the accumulator of Code::across[operand]
  finish,     // the state of reduction `operand` into slot[dst]
};

// Whether the work of an action grows with the block.
constexpr bool moves_elements(Action a) {
  return a == Action::call || a == Action::joint || a == Action::fetch || a == Action::gather || a == Action::number || a == Action::scatter ||
         a == Action::store || a == Action::fold || a == Action::fold_across;
}

struct Instruction {
  Action action = Action::call;
  uint8_t arity = 0;
  uint8_t bytes = 0;     // per element, of what is moved
  bool writes = false;   // the operand is written: by this instruction, or through the pointer that it sets
  bool stream = false;   // memory that a large run walks through: worth writing past the caches
  bool ahead = false;    // and worth fetching before its block is reached
  int dst = -1;
  int args[4] = {-1, -1, -1, -1};
  int operand = -1;      // into Code::operands, Code::reductions or Code::joints
  int later = 0;         // of what moves elements: how many such instructions there are from here to the end of the section
  const BlockFn* fn = nullptr;  // one for each instruction set
};

using JointFn = void (*)(void* const* out, const void* const* in, int64_t n);
struct JointCall {
  const JointFn* fn;  // one for each instruction set
  std::vector<int> outs, ins;  // slots
};

struct Operand {
  Walk walk;
  int buffer = 0;
};

struct Reduction {
  const Fold* fold;
  int pass;
  int64_t element_bytes;
  size_t state = 0, accumulator = 0;  // offsets into the frame
};

// A reduction along the kept dims: a value for each reduced point, complete when all groups are.
struct Across {
  const Fold* fold;
  int64_t element_bytes;
  Operand result;  // walks over the reduced dims
  size_t state = 0, accumulator = 0;
};

// A slot is a pointer: of memory in the frame (offset >= 0), or set by an instruction.
struct Slot {
  int64_t offset = -1;
  bool row_level = false;  // shared by the threads that split a group
};

using Section = std::vector<Instruction>;

// How the domain is cut.
struct Cut {
  int64_t kept = 1, reduced = 1;  // numbers of points
  bool columns = false;           // points are numbered kept-innermost (blocks run along the kept dims), else reduced-innermost
  int64_t group = 1;              // kept points of a group
  int64_t block = 1;              // points of a full block at most
  int64_t repeats = 1;            // columns: reduced points of a block, when the kept points are few
  bool one_block = false;         // a group's points fit one block: passes see the same block
  bool split = false;             // few groups of many points: threads share the points of a group
  int64_t groups() const { return (kept + group - 1) / group; }
};

struct Code {
  Cut cut;
  Section preamble;
  std::vector<Section> rows, spread, full;
  std::vector<Operand> operands;
  std::vector<Reduction> reductions;
  std::vector<Across> across;
  std::vector<JointCall> joints;
  std::vector<Slot> slots;
  size_t frame_bytes = 0;
  int64_t weight = 1;  // instructions per point, to judge the work
  int64_t bytes = 0;   // of memory that a run walks through
  int64_t bytes_out = 0;        // of it written
  std::vector<int> ins, outs;  // operands that a run walks through

  // Pairs (written, read later) of operands that must not be the same memory.
  struct Hazard {
    int out_buffer, in_buffer;
    int64_t out_offset, in_offset;  // bytes
  };
  std::vector<Hazard> hazards;
};

// The slots that an instruction reads, and those that it writes.
inline std::span<int> reads(Code& code, Instruction& in) {
  if (in.action == Action::joint) return code.joints[static_cast<size_t>(in.operand)].ins;
  return {in.args, in.arity};
}
inline std::span<int> writes(Code& code, Instruction& in) {
  if (in.action == Action::joint) return code.joints[static_cast<size_t>(in.operand)].outs;
  return {&in.dst, in.dst >= 0 ? size_t{1} : size_t{0}};
}

// Stores happen after everything else when `stores_last`: for memory that is both read and written.
Code lower(const Program&, bool stores_last);

void run(const Code&, void* const* pointers, const uint64_t* scalars);

}  // namespace deepseek::fused
