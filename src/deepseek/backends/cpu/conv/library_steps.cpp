#include "deepseek/backends/cpu/conv/library.h"

namespace deepseek::conv {

using dnnl::algorithm;

Steps::Steps(const Ending& ending, const std::vector<PostOp>& post_ops, int64_t channels, int spatial, const memory::desc& y, DType type)
    : ending_(ending), y_(y), element_(size_of(type)) {
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
  if (ending.relu6) posts_.append_eltwise(algorithm::eltwise_clip, 0.f, 6.f), ++step;
  for (const PostOp& p : post_ops) {
    if (p.kind == PostOp::Kind::relu) {
      posts_.append_eltwise(algorithm::eltwise_relu, 0.f, 0.f);
    } else {
      posts_.append_binary(algorithm::binary_add, y);
      added_.emplace_back(step, p.input);
    }
    ++step;
  }
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
