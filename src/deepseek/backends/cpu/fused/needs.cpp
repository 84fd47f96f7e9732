// Which full values each pass computes, and which of them are kept from pass to pass rather than computed again.
#include "deepseek/backends/cpu/fused/lowering.h"

namespace deepseek::fused {
namespace {

using Kind = Step::Kind;

// A full value of one group that later passes read again is kept up to the first size, and all such values together up to the
// second: they should stay in the second-level cache.
constexpr int64_t kept_value_bytes = 128 * 1024;
constexpr int64_t kept_values_bytes = 320 * 1024;

class Finder {
 public:
  Finder(const Program& program, const Analysis& analysis, const Cut& cut, bool stores_last)
      : p_(program), a_(analysis), cut_(cut), stores_last_(stores_last) {}

  Needs run() {
    needs_.pass.assign(static_cast<size_t>(a_.passes), std::vector<char>(p_.steps.size(), 0));
    needs_.again.assign(p_.steps.size(), 0);
    std::vector<char> available(p_.steps.size(), 0);
    for (int s = 0; s < a_.passes; ++s) {
      std::vector<char>& need = needs_.pass[static_cast<size_t>(s)];
      for (size_t k = p_.steps.size(); k-- > 0;) {
        if (!a_.live[k]) continue;
        if (starts_here(k, s)) need[k] = 1;
        else if (need[k] && available[k] && keep(k)) need[k] = 0;
        if (!need[k]) continue;
        for (int i = 0; i < arity_of(p_.steps[k]); ++i) {
          const size_t arg = a_.arg(p_, k, i);
          if (a_.level[arg] == Level::full) need[arg] = 1;
        }
      }
      for (size_t k = 0; k < p_.steps.size(); ++k) {
        if (need[k]) available[k] = 1;
      }
    }
    return std::move(needs_);
  }

 private:
  // What a pass is there for: its reductions and stores.
  bool starts_here(size_t k, int pass) const {
    const Step& s = p_.steps[k];
    if (a_.across[k]) return a_.stage[k] == pass;
    if (s.kind == Kind::reduce) return a_.same[k] == static_cast<int>(k) && a_.stage[k] == pass + 1;
    if (s.kind != Kind::store || a_.level[k] != Level::full || a_.across[a_.arg(p_, k)]) return false;
    return pass == (stores_last_ ? a_.passes - 1 : a_.stage[k]);
  }

  bool keep(size_t k) {
    const Step& s = p_.steps[k];
    if (s.kind == Kind::reduce || s.kind == Kind::store) return false;
    if (!cut_.one_block && !needs_.again[k]) {
      if (cut_.split || points_at_memory(s)) return false;
      const int64_t bytes = size_of(s.type) * cut_.reduced * cut_.group;
      if (bytes > kept_value_bytes || kept_bytes_ + bytes > kept_values_bytes) return false;
      kept_bytes_ += bytes;
    }
    needs_.again[k] = 1;
    return true;
  }

  bool points_at_memory(const Step& s) const {
    if (s.kind != Kind::load || stores_last_) return false;
    const Access& access = p_.accesses[static_cast<size_t>(s.access)];
    return access.kind == Access::Kind::memory && access.dtype == s.type &&
           walk_of(p_, a_, cut_, access, Level::full).contiguous();
  }

  const Program& p_;
  const Analysis& a_;
  const Cut& cut_;
  bool stores_last_;
  int64_t kept_bytes_ = 0;
  Needs needs_;
};

}  // namespace

Needs find_needs(const Program& program, const Analysis& analysis, const Cut& cut, bool stores_last) {
  return Finder(program, analysis, cut, stores_last).run();
}

Walk walk_of(const Program& p, const Analysis& a, const Cut& cut, const Access& access, Level level) {
  Dims sizes, strides;
  const auto add = [&](const std::vector<int>& dims) {
    if (access.kind == Access::Kind::scalar) return;
    for (int d : dims) sizes.push_back(p.domain[d]), strides.push_back(access.strides[d]);
  };
  if (level == Level::full && cut.columns) add(a.reduced_dims);
  if (level != Level::uniform) add(a.kept_dims);
  if (level == Level::full && !cut.columns) add(a.reduced_dims);
  return Walk(sizes, strides, access.offset);
}

}  // namespace deepseek::fused
