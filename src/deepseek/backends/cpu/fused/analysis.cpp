#include "deepseek/backends/cpu/fused/analysis.h"

#include <algorithm>

#include "deepseek/backends/cpu/fused/convert.h"
#include "deepseek/tensor/error.h"

namespace deepseek::fused {
namespace {

using Kind = Step::Kind;

void check_access(const Program& p, const Access& a) {
  DEEPSEEK_CHECK(a.buffer >= 0 || a.kind == Access::Kind::index, "an access names no buffer");
  if (a.kind == Access::Kind::scalar) return;
  DEEPSEEK_CHECK(a.strides.size() == p.domain.size(), "an access has ", a.strides.size(), " strides, the domain ",
                 p.domain.size(), " dims");
  DEEPSEEK_CHECK(a.kind != Access::Kind::index || a.dtype == DType::int64, "index numbers are int64");
}

void check_step(const Program& p, size_t k) {
  const Step& s = p.steps[k];
  const bool accesses_memory = s.kind == Kind::load || s.kind == Kind::store;
  DEEPSEEK_CHECK(s.kind == Kind::store || is_register_type(s.type), "step ", k, " computes in ", name_of(s.type));
  if (accesses_memory) {
    DEEPSEEK_CHECK(s.access >= 0 && s.access < static_cast<int>(p.accesses.size()), "step ", k, " has no access");
  }
  DEEPSEEK_CHECK(s.kind != Kind::compute || s.op != nullptr, "step ", k, " has no op");
  for (int i = 0; i < arity_of(s); ++i) {
    const int a = s.args[static_cast<size_t>(i)];
    DEEPSEEK_CHECK(a >= 0 && a < static_cast<int>(k), "step ", k, " reads step ", a);
    DEEPSEEK_CHECK(p.steps[static_cast<size_t>(a)].kind != Kind::store, "step ", k, " reads a store");
  }
  if (s.kind == Kind::compute) {
    DEEPSEEK_CHECK(s.op->arity >= 1 && s.op->arity <= 4, "step ", k, " has an op of arity ", s.op->arity);
    const DType type = p.steps[static_cast<size_t>(s.args[static_cast<size_t>(s.op->arity - 1)])].type;
    DEEPSEEK_CHECK(s.op->supports(type), "step ", k, " has no lanes of type ", name_of(type));
    DEEPSEEK_CHECK(s.op->entries[static_cast<int>(type)].result == s.type, "step ", k, " is declared ", name_of(s.type),
                   " but yields ", name_of(s.op->entries[static_cast<int>(type)].result));
    for (int i = 0; i + 1 < s.op->arity; ++i) {
      const DType other = p.steps[static_cast<size_t>(s.args[static_cast<size_t>(i)])].type;
      DEEPSEEK_CHECK(other == type || other == DType::bool_, "step ", k, " mixes ", name_of(other), " and ", name_of(type));
    }
  }
  if (s.kind == Kind::reduce) {
    DEEPSEEK_CHECK(p.steps[static_cast<size_t>(s.args[0])].type == s.type, "step ", k, " changes the type while reducing");
  }
}

bool varies(const Access& a, const std::vector<int>& dims) {
  return a.kind != Access::Kind::scalar && std::any_of(dims.begin(), dims.end(), [&](int d) { return a.strides[d] != 0; });
}

void check_store(const Program& p, const Analysis& a, size_t k) {
  const Step& s = p.steps[k];
  const Access& access = p.accesses[static_cast<size_t>(s.access)];
  DEEPSEEK_CHECK(access.kind == Access::Kind::memory, "step ", k, " stores to what is not memory");
  if (a.across[a.arg(p, k)]) {
    DEEPSEEK_CHECK(access.dtype == p.steps[a.arg(p, k)].type, "step ", k, " converts a sum along the kept dims");
    for (int d : a.reduced_dims) DEEPSEEK_CHECK(access.strides[d] != 0, "step ", k, " stores many values in one place");
    return;
  }
  for (int d : a.kept_dims) DEEPSEEK_CHECK(access.strides[d] != 0, "step ", k, " stores many values in one place");
  if (a.level[k] == Level::full) {
    for (int d : a.reduced_dims) DEEPSEEK_CHECK(access.strides[d] != 0, "step ", k, " stores many values in one place");
  } else {
    DEEPSEEK_CHECK(a.level[static_cast<size_t>(s.args[0])] != Level::full, "step ", k, " stores a full value in a row");
  }
}

// Loads of equal accesses, casts to the same type, and reductions of nothing are other steps under another name.
void find_same(const Program& p, Analysis& a) {
  const auto equal = [&](const Step& x, const Step& y) {
    const Access &a = p.accesses[static_cast<size_t>(x.access)], &b = p.accesses[static_cast<size_t>(y.access)];
    return a.buffer == b.buffer && a.offset == b.offset && a.kind == b.kind && a.dtype == b.dtype && x.type == y.type &&
           a.strides == b.strides;
  };
  std::vector<size_t> loads;
  a.same.resize(p.steps.size());
  for (size_t k = 0; k < p.steps.size(); ++k) {
    const Step& s = p.steps[k];
    a.same[k] = static_cast<int>(k);
    if (s.kind == Kind::load) {
      const auto first = std::find_if(loads.begin(), loads.end(), [&](size_t l) { return equal(p.steps[l], s); });
      if (first == loads.end()) loads.push_back(k);
      else a.same[k] = static_cast<int>(*first);
    } else if ((s.kind == Kind::cast && p.steps[static_cast<size_t>(s.args[0])].type == s.type) ||
               (s.kind == Kind::reduce && a.reduced_dims.empty())) {
      a.same[k] = a.same[static_cast<size_t>(s.args[0])];
    }
  }
}

void find_across(const Program& p, Analysis& a) {
  a.across.assign(p.steps.size(), 0);
  if (a.kept_dims.empty() || a.reduced_dims.empty()) return;
  for (size_t k = 0; k < p.steps.size(); ++k) {
    if (p.steps[k].kind != Kind::store) continue;
    const Access& access = p.accesses[static_cast<size_t>(p.steps[k].access)];
    const size_t value = a.arg(p, k);
    if (p.steps[value].kind == Kind::reduce && varies(access, a.reduced_dims) && !varies(access, a.kept_dims)) a.across[value] = 1;
  }
  for (size_t k = 0; k < p.steps.size(); ++k) {
    for (int i = 0; i < arity_of(p.steps[k]); ++i) {
      DEEPSEEK_CHECK(p.steps[k].kind == Kind::store || !a.across[a.arg(p, k, i)], "step ", k, " reads a sum along the kept dims");
    }
  }
}

void find_live(const Program& p, Analysis& a) {
  a.live.assign(p.steps.size(), 0);
  for (size_t k = p.steps.size(); k-- > 0;) {
    const Step& s = p.steps[k];
    if (s.kind == Kind::store) a.live[k] = 1;
    if (!a.live[k]) continue;
    for (int i = 0; i < arity_of(s); ++i) {
      a.live[static_cast<size_t>(a.same[static_cast<size_t>(s.args[static_cast<size_t>(i)])])] = 1;
    }
  }
}

void find_levels(const Program& p, Analysis& a) {
  const bool single = a.kept == 1 && a.reduced == 1;
  a.level.assign(p.steps.size(), Level::uniform);
  a.stage.assign(p.steps.size(), 0);
  for (size_t k = 0; k < p.steps.size(); ++k) {
    const Step& s = p.steps[k];
    Level level = Level::uniform;
    int stage = 0;
    if (s.kind == Kind::load || s.kind == Kind::store) {
      const Access& access = p.accesses[static_cast<size_t>(s.access)];
      if (varies(access, a.reduced_dims)) level = Level::full;
      else if (s.kind == Kind::store || varies(access, a.kept_dims)) level = Level::row;
      else if (single && access.kind != Access::Kind::scalar) level = Level::row;
    }
    for (int i = 0; i < arity_of(s); ++i) {
      const auto arg = static_cast<size_t>(s.args[static_cast<size_t>(i)]);
      if (s.kind != Kind::store) level = std::max(level, a.level[arg]);
      stage = std::max(stage, a.stage[arg]);
    }
    if (a.across[k]) {
      level = Level::full;
    } else if (s.kind == Kind::reduce && !a.reduced_dims.empty()) {
      level = Level::row;
      ++stage;
    }
    a.level[k] = level;
    a.stage[k] = stage;
    if (!a.live[k]) continue;
    if (s.kind == Kind::reduce) a.passes = std::max(a.passes, stage + a.across[k]);
    if (s.kind == Kind::store && level == Level::full) a.passes = std::max(a.passes, stage + 1);
  }
}

}  // namespace

Analysis analyse(const Program& p) {
  for (const Access& access : p.accesses) check_access(p, access);
  for (size_t k = 0; k < p.steps.size(); ++k) check_step(p, k);
  for (int64_t size : p.domain) DEEPSEEK_CHECK(size >= 0, "a domain dim has the size ", size);

  Analysis a;
  const bool reduces = std::any_of(p.steps.begin(), p.steps.end(), [](const Step& s) { return s.kind == Kind::reduce; });
  for (int d = 0; d < p.domain.size(); ++d) {
    if (p.domain[d] == 1) continue;
    const bool reduced = reduces && ((p.reduced >> d) & 1u) != 0;
    (reduced ? a.reduced_dims : a.kept_dims).push_back(d);
    (reduced ? a.reduced : a.kept) *= p.domain[d];
  }
  find_same(p, a);
  find_across(p, a);
  find_live(p, a);
  find_levels(p, a);
  for (size_t k = 0; k < p.steps.size(); ++k) {
    if (p.steps[k].kind == Kind::store) check_store(p, a, k);
  }
  return a;
}

bool reduced_dims_are_innermost(const Program& p) {
  bool inside = false;
  for (int d = 0; d < p.domain.size(); ++d) {
    if (p.domain[d] == 1) continue;
    const bool reduced = ((p.reduced >> d) & 1u) != 0;
    if (inside && !reduced) return false;
    inside = reduced;
  }
  return true;
}

}  // namespace deepseek::fused
