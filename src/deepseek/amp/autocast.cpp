#include "deepseek/amp/autocast.h"

#include "deepseek/backends/cpu/dnnl/engine.h"
#include "deepseek/ops/autocast.h"
#include "deepseek/tensor/error.h"

namespace deepseek::amp {
namespace {

thread_local int depth = 0;  // scopes of this thread that are open, enabled or not

}  // namespace

Autocast checked_autocast(DType dtype, bool enabled, bool cache_enabled) {
  if (size_of(dtype) != 2 || !is_floating_point(dtype)) {
    raise_type("autocast: dtype must be bfloat16 or float16, but it is ", name_of(dtype));
  }
  return {.on = enabled, .cache = cache_enabled, .dtype = dtype};
}

Autocast enter_autocast(Autocast inner) {
  ++depth, ++open_autocast_scopes;
  return std::exchange(autocast_mode, inner);
}

void leave_autocast(const Autocast& outer) {
  autocast_mode = outer;
  --open_autocast_scopes;
  if (--depth == 0) forget_autocast_casts();
}

autocast::autocast(DType dtype, bool enabled, bool cache_enabled)
    : outer_(enter_autocast(checked_autocast(dtype, enabled, cache_enabled))) {}

autocast::~autocast() { leave_autocast(outer_); }

bool is_bf16_supported() { return library::native_bfloat16(); }
bool is_fp16_supported() { return library::native_float16(); }

}  // namespace deepseek::amp
