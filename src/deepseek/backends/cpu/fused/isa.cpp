#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string_view>

#include "deepseek/backends/cpu/fused/lane.h"

namespace deepseek::fused {
namespace {

Isa detect() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                    __builtin_cpu_supports("bmi2");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return avx512 ? Isa::avx512 : avx2 ? Isa::avx2 : Isa::baseline;
#else
  return Isa::baseline;
#endif
}

Isa machine_isa() {
  static const Isa isa = detect();
  return isa;
}

Isa lowered_by_environment(Isa machine) {
  const char* wanted = std::getenv("DEEPSEEK_ISA");
  if (!wanted) return machine;
  const std::string_view name = wanted;
  if (name == "baseline") return Isa::baseline;
  if (name == "avx2") return std::min(machine, Isa::avx2);
  return machine;
}

std::atomic<Isa>& current() {
  static std::atomic<Isa> isa{best_isa()};
  return isa;
}

}  // namespace

Isa best_isa() {
  static const Isa isa = lowered_by_environment(machine_isa());
  return isa;
}
void set_isa(Isa isa) { current().store(std::min(isa, machine_isa()), std::memory_order_relaxed); }
Isa current_isa() { return current().load(std::memory_order_relaxed); }

}  // namespace deepseek::fused
