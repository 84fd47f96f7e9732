#include "deepseek/backends/cpu/conv/patches.h"
#include "deepseek/backends/cpu/gemm/gemm.h"

namespace deepseek::conv {
namespace {

struct Job {
  ConvShape shape;
  std::array<Strides, 3> strides;  // of the two inputs and the output
  std::vector<PostOp> post_ops;

  int64_t group_in() const { return shape.in_channels / shape.groups; }
  int64_t group_out() const { return shape.out_channels / shape.groups; }
};

// Offset of pixel i (over the batch) in an image.
int64_t pixel_offset(int64_t i, const Triple& size, const ImageStrides& s) {
  const int64_t x = i % size[2], y = i / size[2] % size[1], z = i / (size[2] * size[1]) % size[0];
  return i / (size[2] * size[1] * size[0]) * s.batch + z * s.space[0] + y * s.space[1] + x * s.space[2];
}

// Offset of tap t = (kernel position) of a weight.
int64_t tap_offset(int64_t t, const Triple& kernel, const ImageStrides& w) {
  return t % kernel[2] * w.space[2] + t / kernel[2] % kernel[1] * w.space[1] + t / (kernel[2] * kernel[1]) * w.space[0];
}

template <class S>
void forward(const Job& job, const KernelRun& run) {
  using T = gemm::Accumulator<S>;
  const ConvShape& s = job.shape;
  const ImageStrides x = image_strides(job.strides[0]), w = image_strides(job.strides[1]), y = image_strides(job.strides[2]);
  const Patches<false> patches(s, x, job.group_in());
  const S* image = static_cast<const S*>(run.inputs[0]);
  const S* weight = static_cast<const S*>(run.inputs[1]);
  const auto channels = [&](int input) { return input < 0 ? nullptr : static_cast<const S*>(run.inputs[input]); };
  const Ending& ending = s.ending;
  const S *bias = channels(ending.bias), *slope = channels(ending.slope), *shift = slope ? channels(ending.slope + 1) : nullptr;
  S* to = static_cast<S*>(run.outputs[0]);
  const gemm::Micro<T>& kernel = gemm::micro<T>();
  gemm::multiply<T>(
      s.groups, patches.pixels(), job.group_out(), patches.taps(),
      [&](int64_t g, int64_t row, int64_t rows, int64_t p, int64_t depth, T* out) {
        patches.pack_pixels(image + g * job.group_in() * x.channel, row, rows, p, depth, kernel.rows, out);
      },
      [&](int64_t g, int64_t col, int64_t cols, int64_t p, int64_t depth, T* out) {
        for (int64_t q = 0; q < depth; ++q) {
          const int64_t c = (p + q) / s.taps();
          const S* from = weight + c * w.channel + tap_offset((p + q) % s.taps(), s.kernel, w) + (g * job.group_out() + col) * w.batch;
          for (int64_t i = 0; i < gemm::round_up(cols, kernel.cols); ++i) {
            out[i / kernel.cols * kernel.cols * depth + q * kernel.cols + i % kernel.cols] =
                i < cols ? gemm::load_element<T>(from[i * w.batch]) : T{};
          }
        }
      },
      [&](int64_t g, int64_t row, int64_t rows, int64_t col, int64_t cols, T* tile, int64_t ld) {
        for (int64_t r = 0; r < rows; ++r) {
          const int64_t pixel = pixel_offset(row + r, s.out, y);
          for (int64_t j = 0; j < cols; ++j) {
            const int64_t channel = g * job.group_out() + col + j, offset = pixel + channel * y.channel;
            T v = tile[r * ld + j];
            if (bias) v += gemm::load_element<T>(bias[channel]);
            if (slope) v = v * gemm::load_element<T>(slope[channel]) + gemm::load_element<T>(shift[channel]);
            if (ending.relu6) v = gemm::relu_element<S>(v) > T{6} ? T{6} : gemm::relu_element<S>(v);
            for (const PostOp& post : job.post_ops) {
              if (post.kind == PostOp::Kind::relu) v = gemm::relu_element<S>(v);
              else v += gemm::load_element<T>(static_cast<const S*>(run.inputs[post.input])[offset]);
            }
            to[offset] = gemm::store_element<S>(v);
          }
        }
      });
}

template <class S>
void backward_input(const Job& job, const KernelRun& run) {
  using T = gemm::Accumulator<S>;
  const ConvShape& s = job.shape;
  const ImageStrides y = image_strides(job.strides[0]), w = image_strides(job.strides[1]), x = image_strides(job.strides[2]);
  const Patches<true> patches(s, y, job.group_out());
  const S* grad = static_cast<const S*>(run.inputs[0]);
  const S* weight = static_cast<const S*>(run.inputs[1]);
  S* to = static_cast<S*>(run.outputs[0]);
  const gemm::Micro<T>& kernel = gemm::micro<T>();
  gemm::multiply<T>(
      s.groups, patches.pixels(), job.group_in(), patches.taps(),
      [&](int64_t g, int64_t row, int64_t rows, int64_t p, int64_t depth, T* out) {
        patches.pack_pixels(grad + g * job.group_out() * y.channel, row, rows, p, depth, kernel.rows, out);
      },
      [&](int64_t g, int64_t col, int64_t cols, int64_t p, int64_t depth, T* out) {
        for (int64_t q = 0; q < depth; ++q) {
          const int64_t o = g * job.group_out() + (p + q) / s.taps();
          const S* from = weight + o * w.batch + tap_offset((p + q) % s.taps(), s.kernel, w) + col * w.channel;
          for (int64_t i = 0; i < gemm::round_up(cols, kernel.cols); ++i) {
            out[i / kernel.cols * kernel.cols * depth + q * kernel.cols + i % kernel.cols] =
                i < cols ? gemm::load_element<T>(from[i * w.channel]) : T{};
          }
        }
      },
      [&](int64_t g, int64_t row, int64_t rows, int64_t col, int64_t cols, T* tile, int64_t ld) {
        for (int64_t r = 0; r < rows; ++r) {
          S* line = to + pixel_offset(row + r, s.in, x) + (g * job.group_in() + col) * x.channel;
          for (int64_t j = 0; j < cols; ++j) line[j * x.channel] = gemm::store_element<S>(tile[r * ld + j]);
        }
      });
}

template <class S>
void backward_weight(const Job& job, const KernelRun& run) {
  using T = gemm::Accumulator<S>;
  const ConvShape& s = job.shape;
  const ImageStrides x = image_strides(job.strides[0]), y = image_strides(job.strides[1]), w = image_strides(job.strides[2]);
  const Patches<false> patches(s, x, job.group_in());
  const S* image = static_cast<const S*>(run.inputs[0]);
  const S* grad = static_cast<const S*>(run.inputs[1]);
  S* to = static_cast<S*>(run.outputs[0]);
  const gemm::Micro<T>& kernel = gemm::micro<T>();
  gemm::multiply<T>(
      s.groups, job.group_out(), patches.taps(), patches.pixels(),
      [&](int64_t g, int64_t row, int64_t rows, int64_t p, int64_t depth, T* out) {
        for (int64_t q = 0; q < depth; ++q) {
          const S* from = grad + pixel_offset(p + q, s.out, y) + (g * job.group_out() + row) * y.channel;
          for (int64_t i = 0; i < gemm::round_up(rows, kernel.rows); ++i) {
            out[i / kernel.rows * kernel.rows * depth + q * kernel.rows + i % kernel.rows] =
                i < rows ? gemm::load_element<T>(from[i * y.channel]) : T{};
          }
        }
      },
      [&](int64_t g, int64_t col, int64_t cols, int64_t p, int64_t depth, T* out) {
        patches.pack_taps(image + g * job.group_in() * x.channel, col, cols, p, depth, kernel.cols, out);
      },
      [&](int64_t g, int64_t row, int64_t rows, int64_t col, int64_t cols, T* tile, int64_t ld) {
        for (int64_t r = 0; r < rows; ++r) {
          for (int64_t j = 0; j < cols; ++j) {
            const int64_t c = (col + j) / s.taps(), o = g * job.group_out() + row + r;
            to[o * w.batch + c * w.channel + tap_offset((col + j) % s.taps(), s.kernel, w)] =
                gemm::store_element<S>(tile[r * ld + j]);
          }
        }
      });
}

}  // namespace

KernelFn make_packed(const ConvShape& shape, KernelContext& context) {
  Job job{shape, {context.inputs[0].strides, context.inputs[1].strides, context.outputs[0].strides}, context.post_ops};
  ask_ending(context, shape.ending);
  for (const PostOp& p : context.post_ops) {
    if (p.kind == PostOp::Kind::add_operand) ask_layout(context.inputs[static_cast<size_t>(p.input)], context.outputs[0].strides);
  }
  return visit_dtype(context.outputs[0].spec.dtype, [&](auto element) -> KernelFn {
    using S = std::conditional_t<std::is_same_v<decltype(element), bool>, uint8_t, decltype(element)>;
    switch (shape.kind) {
      case Kind::forward: return [job](const KernelRun& run) { forward<S>(job, run); };
      case Kind::backward_input: return [job](const KernelRun& run) { backward_input<S>(job, run); };
      default: return [job](const KernelRun& run) { backward_weight<S>(job, run); };
    }
  });
}

}  // namespace deepseek::conv
