#include "deepseek/backends/cpu/fused/joint.h"

#include <algorithm>
#include <set>

namespace deepseek::fused {
namespace {

std::vector<JointLanes>& known() {
  static std::vector<JointLanes> joints;
  return joints;
}

// Finds the instructions of one joint, from its last part back.
class Match {
 public:
  Match(const Code& code, const std::set<int>& uniform, const Section& section, const JointLanes& joint)
      : code_(code), uniform_(uniform), section_(section), joint_(joint), operands_(static_cast<size_t>(joint.operands), -1),
        at_(joint.parts.size(), -1) {}

  bool ends_at(size_t last) {
    const auto found = [](int i) { return i >= 0; };
    return take(joint_.parts.size() - 1, last) && std::all_of(at_.begin(), at_.end(), found) &&
           std::all_of(operands_.begin(), operands_.end(), found) && nothing_between(last) && rest_is_private();
  }

  JointCall call() const {
    JointCall call{joint_.fn.data(), {}, operands_};
    for (size_t p = 0; p < at_.size(); ++p) {
      if (joint_.parts[p].written) call.outs.push_back(slot(p));
    }
    return call;
  }
  bool has(size_t i) const { return std::find(at_.begin(), at_.end(), static_cast<int>(i)) != at_.end(); }

 private:
  int slot(size_t part) const { return section_[static_cast<size_t>(at_[part])].dst; }

  bool take(size_t part, size_t i) {
    if (at_[part] >= 0) return at_[part] == static_cast<int>(i);
    const Instruction& in = section_[i];
    const JointPart& p = joint_.parts[part];
    if (in.action != Action::call || in.fn != p.lane) return false;
    at_[part] = static_cast<int>(i);
    for (int a = 0; a < p.arity; ++a) {
      if (!bind(p.args[static_cast<size_t>(a)], in.args[a], i)) return false;
    }
    return true;
  }
  bool bind(int value, int slot, size_t before) {
    if (value >= joint_.operands) {
      while (before-- > 0) {
        if (section_[before].action == Action::call && section_[before].dst == slot) {
          return take(static_cast<size_t>(value - joint_.operands), before);
        }
      }
      return false;
    }
    if ((joint_.uniform >> value & 1) != 0 && !uniform_.contains(slot)) return false;
    int& operand = operands_[static_cast<size_t>(value)];
    if (operand < 0) operand = slot;
    return operand == slot;
  }

  // Whoever else reads a result does so after the last part, where it will be computed.
  bool nothing_between(size_t last) const {
    for (size_t p = 0; p < at_.size(); ++p) {
      for (size_t i = static_cast<size_t>(at_[p]) + 1; i < last; ++i) {
        const Instruction& in = section_[i];
        if (!has(i) && in.action != Action::stored && std::count(in.args, in.args + in.arity, slot(p)) > 0) return false;
      }
    }
    return true;
  }
  // What is not written is known to the parts alone.
  bool rest_is_private() const {
    int uses = 0, own = 0;
    for (size_t p = 0; p < at_.size(); ++p) {
      if (joint_.parts[p].written) continue;
      const auto count = [&](const Section& section) {
        for (const Instruction& in : section) {
          uses += (in.dst == slot(p)) + static_cast<int>(std::count(in.args, in.args + in.arity, slot(p)));
        }
      };
      for (const auto* sections : {&code_.rows, &code_.spread, &code_.full}) std::for_each(sections->begin(), sections->end(), count);
      ++own;
      for (const JointPart& reader : joint_.parts) {
        own += static_cast<int>(std::count(reader.args.begin(), reader.args.begin() + reader.arity, joint_.operands + static_cast<int>(p)));
      }
    }
    return uses == own;
  }

  const Code& code_;
  const std::set<int>& uniform_;
  const Section& section_;
  const JointLanes& joint_;
  std::vector<int> operands_;  // their slots
  std::vector<int> at_;        // the parts' instructions
};

// The section with the call in the place of its last part.
Section contracted(Code& code, const Section& section, const Match& match, size_t last) {
  const JointCall call = match.call();
  Section result, stored;
  for (size_t i = 0; i < section.size(); ++i) {
    const Instruction& in = section[i];
    if (i == last) {
      Instruction joint;
      joint.action = Action::joint;
      joint.operand = static_cast<int>(code.joints.size());
      result.push_back(joint);
      result.insert(result.end(), stored.begin(), stored.end());
    } else if (i < last && in.action == Action::stored && std::count(call.outs.begin(), call.outs.end(), in.args[0]) > 0) {
      stored.push_back(in);
    } else if (!match.has(i)) {
      result.push_back(in);
    }
  }
  code.joints.push_back(call);
  return result;
}

}  // namespace

void register_joint(JointLanes joint) { known().push_back(std::move(joint)); }

void join_lanes(Code& code) {
  std::set<int> uniform;
  for (const Instruction& in : code.preamble) {
    if (in.action == Action::splat) uniform.insert(in.dst);
  }
  for (auto* sections : {&code.rows, &code.full}) {
    for (Section& section : *sections) {
      for (const JointLanes& joint : known()) {
        for (size_t i = 0; i < section.size(); ++i) {
          Match match(code, uniform, section, joint);
          if (section[i].fn != joint.parts.back().lane || !match.ends_at(i)) continue;
          section = contracted(code, section, match, i);
          i = 0;
        }
      }
    }
  }
}

}  // namespace deepseek::fused
