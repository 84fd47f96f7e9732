#include "deepseek/scheduler/narrow.h"

#include "deepseek/tensor/half.h"

namespace deepseek::scheduler {
namespace {

template <class S>
struct Wrap {
  template <class T>
  static T lane(T x) {
    return static_cast<T>(static_cast<S>(x));
  }
};
struct RoundBFloat16 {
  template <class T>
  static T lane(T x) {
    return to_float(to_bfloat16(x));
  }
};
struct RoundFloat16 {
  template <class T>
  static T lane(T x) {
    return to_float(to_float16(x));
  }
};
using Int = fused::Types<int32_t>;
using Float = fused::Types<float>;

}  // namespace

const fused::LaneOp* narrowing(DType stored, bool rounding) {
  switch (stored) {
    case DType::uint8: return &fused::lane_op<Wrap<uint8_t>, Int>;
    case DType::int8: return &fused::lane_op<Wrap<int8_t>, Int>;
    case DType::int16: return &fused::lane_op<Wrap<int16_t>, Int>;
    case DType::bfloat16: return rounding ? &fused::lane_op<RoundBFloat16, Float> : nullptr;
    case DType::float16: return rounding ? &fused::lane_op<RoundFloat16, Float> : nullptr;
    default: return nullptr;
  }
}

}  // namespace deepseek::scheduler
