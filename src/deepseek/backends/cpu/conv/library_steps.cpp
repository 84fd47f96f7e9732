#include "deepseek/backends/cpu/conv/library.h"
#include "deepseek/backends/cpu/gemm/element.h"
#include "deepseek/tensor/error.h"

namespace deepseek::conv {

using dnnl::algorithm;

Steps::Steps(const Ending& ending, const std::vector<PostOp>& post_ops, int64_t channels, int spatial, const memory::desc& y, DType type)
    : ending_(ending), y_(y), type_(type), element_(size_of(type)), clamps_(ending.relu6) {
  DEEPSEEK_CHECK(!ending.relu6 || post_ops.empty(), "relu6 ends a convolution");
  bias_ = memory::desc({channels}, library::data_type(type), memory::format_tag::a);
  memory::dims sizes(static_cast<size_t>(spatial) + 2, 1), strides(sizes.size(), channels);
  sizes[1] = channels, strides[1] = 1;
  map_ = memory::desc(sizes, library::data_type(type), strides);
  int step = 0;
  if (ending.slope >= 0) {
    posts_.append_binary(algorithm::binary_mul, map_);
    posts_.append_binary(algorithm::binary_add, map_);
    step = 2;
  }
  for (const PostOp& p : post_ops) {
    DEEPSEEK_CHECK(!clamps_, "relu ends a convolution");
    if (p.kind == PostOp::Kind::relu) {
      clamps_ = true;
      continue;
    }
    posts_.append_binary(algorithm::binary_add, y);
    added_.emplace_back(step++, p.input);
  }
}

namespace {

template <class S>
void clamp_all(S* y, int64_t n, bool to_six) {
  for (int64_t i = 0; i < n; ++i) {
    const float v = gemm::load_element<float>(y[i]);
    const float low = v < 0 ? 0 : v;
    y[i] = gemm::store_element<S>(to_six && low > 6 ? 6.f : low);
  }
}

}  // namespace

void Steps::clamp(std::byte* y) const {
  if (!clamps_) return;
  const int64_t n = static_cast<int64_t>(y_.get_size()) / element_;
  if (type_ == DType::float32) clamp_all(reinterpret_cast<float*>(y), n, ending_.relu6);
  else if (type_ == DType::bfloat16) clamp_all(reinterpret_cast<bfloat16_t*>(y), n, ending_.relu6);
  else clamp_all(reinterpret_cast<float16_t*>(y), n, ending_.relu6);
}

void Steps::bind(Args& args, const KernelRun& run, int64_t channel, int64_t offset) const {
  const auto at = [&](int input, int64_t bytes) { return const_cast<std::byte*>(static_cast<const std::byte*>(run.inputs[input]) + bytes); };
  const auto operand = [](int step) { return DNNL_ARG_ATTR_MULTIPLE_POST_OP(step) | DNNL_ARG_SRC_1; };
  const dnnl::engine& e = library::engine();
  if (ending_.bias >= 0) args.emplace(DNNL_ARG_BIAS, memory(bias_, e, at(ending_.bias, channel * element_)));
  for (int i = 0; i < 2 && ending_.slope >= 0; ++i) {
    args.emplace(operand(i), memory(map_, e, at(ending_.slope + i, channel * element_)));
  }
  for (const auto& [step, input] : added_) args.emplace(operand(step), memory(y_, e, at(input, offset)));
}

}  // namespace deepseek::conv
