#include "deepseek/backends/cpu/dnnl/engine.h"

#include "deepseek/tensor/error.h"

extern "C" {
int omp_get_max_threads();
void omp_set_num_threads(int count);
}

namespace deepseek::library {

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

dnnl::stream& stream() {
  static thread_local dnnl::stream s(engine());
  return s;
}

OneThread::OneThread() : before_(omp_get_max_threads()) {
  if (before_ != 1) omp_set_num_threads(1);
}
OneThread::~OneThread() {
  if (before_ != 1) omp_set_num_threads(before_);
}

dnnl::memory::data_type data_type(DType t) {
  using Type = dnnl::memory::data_type;
  switch (t) {
    case DType::float32: return Type::f32;
    case DType::bfloat16: return Type::bf16;
    case DType::float16: return Type::f16;
    case DType::int32: return Type::s32;
    case DType::int8: return Type::s8;
    case DType::uint8: return Type::u8;
    default: raise_internal("data_type", __FILE__, __LINE__, concat("oneDNN has no ", name_of(t)));
  }
}

dnnl::memory::dims dims(const Dims& d) { return d.vec(); }

namespace {

bool may_use(dnnl::cpu_isa isa) {
  const auto wanted = static_cast<unsigned>(isa);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
}

}  // namespace

bool native_bfloat16() { return may_use(dnnl::cpu_isa::avx512_core_bf16); }
bool native_float16() { return may_use(dnnl::cpu_isa::avx512_core_fp16); }

int64_t divisor_from(int64_t n, int64_t wanted) {
  for (int64_t d = std::max<int64_t>(wanted, 1); d < n; ++d) {
    if (n % d == 0) return d;
  }
  return std::max<int64_t>(n, 1);
}

int64_t divisor_to(int64_t n, int64_t wanted) {
  for (int64_t d = std::min(wanted, n); d > 1; --d) {
    if (n % d == 0) return d;
  }
  return 1;
}

}  // namespace deepseek::library
