#include "deepseek/scheduler/plan.h"

#include <sstream>

namespace deepseek::scheduler {

int64_t Plan::footprint() const {
  int64_t bytes = arena_bytes;
  for (const PlanBuffer& b : buffers) {
    if (b.same_as < 0 && b.source == PlanBuffer::Source::storage) bytes += b.bytes;
  }
  return bytes;
}

std::string to_string(const Plan& plan) {
  std::ostringstream s;
  const auto place = [&](int b) {
    b = plan.root(b);
    const PlanBuffer& x = plan.buffers[static_cast<size_t>(b)];
    switch (x.source) {
      case PlanBuffer::Source::leaf: return concat("leaf", x.slot);
      case PlanBuffer::Source::data: return concat("data", b);
      case PlanBuffer::Source::storage: return concat("new", b);
      default: return concat("arena+", x.offset);
    }
  };
  s << plan.steps.size() << " steps, arena " << plan.arena_bytes << " bytes\n";
  for (const PlanStep& step : plan.steps) {
    s << "  " << step.name << " (";
    for (const PlanStep::Operand& o : step.operands) {
      if (!o.output) s << ' ' << place(o.buffer) << ':' << plan.buffers[static_cast<size_t>(o.buffer)].bytes;
    }
    s << " ) ->";
    for (const PlanStep::Operand& o : step.operands) {
      if (o.output) s << ' ' << place(o.buffer) << ':' << plan.buffers[static_cast<size_t>(o.buffer)].bytes;
    }
    s << '\n';
  }
  return s.str();
}

}  // namespace deepseek::scheduler
