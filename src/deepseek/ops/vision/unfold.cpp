// Patches of images as columns, and columns added up into images.
#include "deepseek/backends/cpu/gemm/element.h"
#include "deepseek/ops.h"
#include "deepseek/ops/contraction/conv.h"
#include "deepseek/ops/function.h"
#include "deepseek/runtime/parallel.h"

namespace deepseek {
namespace {

struct PatchesBase : KernelOp {
  Dims image, kernel, dilation, pad, stride;  // h, w each

 protected:
  int64_t blocks(int d) const { return (image[d] + 2 * pad[d] - dilation[d] * (kernel[d] - 1) - 1) / stride[d] + 1; }
  // Visits f(position in a column matrix of one channel, pixel of its image) of all that lie inside, in order.
  template <class F>
  void visit(const F& f) const {
    const int64_t rows = blocks(0), cols = blocks(1);
    for (int64_t ky = 0, at = 0; ky < kernel[0]; ++ky) {
      for (int64_t kx = 0; kx < kernel[1]; ++kx) {
        for (int64_t r = 0; r < rows; ++r) {
          const int64_t y = r * stride[0] - pad[0] + ky * dilation[0];
          for (int64_t c = 0; c < cols; ++c, ++at) {
            const int64_t x = c * stride[1] - pad[1] + kx * dilation[1];
            if (y >= 0 && y < image[0] && x >= 0 && x < image[1]) f(at, y * image[1] + x);
          }
        }
      }
    }
  }
  int64_t taps() const { return kernel[0] * kernel[1]; }
};

#define DEEPSEEK_PATCHES_ATTRS(S) std::tuple{&S::image, &S::kernel, &S::dilation, &S::pad, &S::stride}

// (n, c, h, w) -> (n, c * taps, blocks)
struct Unfold : PatchesBase {
  static constexpr OpInfo info{.name = "unfold"};
  static constexpr Saves saves = Saves::nothing;
  static constexpr auto attrs = DEEPSEEK_PATCHES_ATTRS(Unfold);
  Spec infer(const Spec& x) const { return {x.dtype, {x.shape[0], x.shape[1] * taps(), blocks(0) * blocks(1)}}; }
  void cpu(const KernelArgs& a) const {
    const Shape& s = a.in_spec(0).shape;
    const int64_t column = taps() * blocks(0) * blocks(1), element = size_of(a.in_spec(0).dtype);
    parallel_for(s[0] * s[1], std::max<int64_t>(1, (1 << 14) / column), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const auto* from = a.in<std::byte>(0) + i * image[0] * image[1] * element;
        auto* to = a.out<std::byte>() + i * column * element;
        std::fill_n(to, column * element, std::byte{0});
        visit([&](int64_t at, int64_t pixel) { std::copy_n(from + pixel * element, element, to + at * element); });
      }
    });
  }
  void gradient(Grad& g) const;
};

// (n, c * taps, blocks) -> (n, c, h, w)
struct Fold : PatchesBase {
  static constexpr OpInfo info{.name = "fold"};
  static constexpr Saves saves = Saves::nothing;
  static constexpr auto attrs = DEEPSEEK_PATCHES_ATTRS(Fold);
  Spec infer(const Spec& x) const { return {x.dtype, {x.shape[0], x.shape[1] / taps(), image[0], image[1]}}; }
  void cpu(const KernelArgs& a) const {
    visit_dtype(a.out_spec().dtype, [&](auto element) {
      using S = decltype(element);
      if constexpr (!std::is_same_v<S, bool>) add<S>(a);
    });
  }
  void gradient(Grad& g) const {
    Unfold unfold;
    static_cast<PatchesBase&>(unfold) = *this;
    g.set(0, apply(unfold, g.grad()));
  }

 private:
  template <class S>
  void add(const KernelArgs& a) const {
    using T = gemm::Accumulator<S>;
    const Shape& s = a.out_spec().shape;
    const int64_t column = taps() * blocks(0) * blocks(1), pixels = image[0] * image[1];
    parallel_for(s[0] * s[1], std::max<int64_t>(1, (1 << 14) / column), [&](int64_t begin, int64_t end) {
      std::vector<T> sums(static_cast<size_t>(pixels));
      for (int64_t i = begin; i < end; ++i) {
        const S* from = a.in<S>(0) + i * column;
        std::fill(sums.begin(), sums.end(), T{});
        visit([&](int64_t at, int64_t pixel) { sums[static_cast<size_t>(pixel)] += gemm::load_element<T>(from[at]); });
        for (int64_t p = 0; p < pixels; ++p) a.out<S>()[i * pixels + p] = gemm::store_element<S>(sums[static_cast<size_t>(p)]);
      }
    });
  }
};

void Unfold::gradient(Grad& g) const {
  Fold fold;
  static_cast<PatchesBase&>(fold) = *this;
  g.set(0, apply(fold, g.grad()));
}

template <class S>
S patches(std::string_view op, const Dims& image, const Dims& kernel, const Dims& dilation, const Dims& padding,
          const Dims& stride) {
  S p;
  p.image = image;
  p.kernel = per_dim(op, "kernel_size", kernel, 2, 1), p.dilation = per_dim(op, "dilation", dilation, 2, 1);
  p.pad = per_dim(op, "padding", padding, 2, 0), p.stride = per_dim(op, "stride", stride, 2, 1);
  for (int d = 0; d < 2; ++d) {
    const int64_t reach = p.dilation[d] * (p.kernel[d] - 1) + 1;
    ensure(image[d] > 0 && image[d] + 2 * p.pad[d] >= reach, op, ": the patch reaches over ", reach,
           " pixels, but the padded image has ", image[d] + 2 * p.pad[d], " along spatial dim ", d);
  }
  return p;
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, unfold,
                  (const Tensor& input, Dims kernel_size, Dims dilation DEFAULT({1}), Dims padding DEFAULT({0}),
                   Dims stride DEFAULT({1})),
                  "The patches of `input` (batch, channels, h, w) as columns: (batch, channels * kernel pixels, patches).") {
  ensure(input.rank() == 4 || input.rank() == 3, "unfold: input must be (batch, channels, h, w), but it is ",
         to_string(input.shape()));
  const bool single = input.rank() == 3;
  const Tensor x = single ? unsqueeze(input, 0) : input;
  const Tensor y = apply(patches<Unfold>("unfold", {x.size(2), x.size(3)}, kernel_size, dilation, padding, stride), x);
  return single ? squeeze(y, {0}) : y;
}
DEEPSEEK_FACTS(unfold, .in = {"functional"}, .reference = "references.unfold(input, kernel_size, dilation, padding, stride)",
               .good = {"randn(2, 3, 4, 5), 2", "randn(2, 5, 5), (2, 3), dilation=2, padding=1, stride=(1, 2)",
                        "randn(0, 3, 4, 4), 2"},
               .bad = {"randn(2, 3, 4, 5), 6", "randn(4, 5), 2", "randn(2, 3, 4, 5), (2, 2, 2)"});

DEEPSEEK_FUNCTION(Tensor, fold,
                  (const Tensor& input, Dims output_size, Dims kernel_size, Dims dilation DEFAULT({1}),
                   Dims padding DEFAULT({0}), Dims stride DEFAULT({1})),
                  "Adds the patches that are the columns of `input` (batch, channels * kernel pixels, patches) into images of "
                  "`output_size`: "
                  "(batch, channels, h, w).") {
  ensure(input.rank() == 3 || input.rank() == 2, "fold: input must be (batch, channels * kernel pixels, patches), but it is ",
         to_string(input.shape()));
  const bool single = input.rank() == 2;
  const Tensor x = single ? unsqueeze(input, 0) : input;
  const Fold op = patches<Fold>("fold", per_dim("fold", "output_size", output_size, 2, 1), kernel_size, dilation, padding,
                                stride);
  const int64_t taps = op.kernel[0] * op.kernel[1];
  int64_t blocks = 1;
  for (int d = 0; d < 2; ++d) blocks *= (op.image[d] + 2 * op.pad[d] - op.dilation[d] * (op.kernel[d] - 1) - 1) / op.stride[d] +
      1;
  ensure(x.size(1) % taps == 0 && x.size(2) == blocks, "fold: images ", to_string(op.image), " have ", blocks, " patches of ",
         taps, " pixels per channel, but input is ", to_string(input.shape()));
  if (x.dtype() == DType::bool_) raise_type("fold: not defined for bool tensors");
  const Tensor y = apply(op, x);
  return single ? squeeze(y, {0}) : y;
}
DEEPSEEK_FACTS(fold, .in = {"functional"},
               .reference = "references.fold(input, output_size, kernel_size, dilation, padding, stride)",
               .good = {"randn(2, 12, 12), (4, 5), 2", "randn(4, 9), (6, 6), 2, stride=2",
                        "randn(1, 9, 9), (5, 5), 3, padding=1, stride=2"},
               .bad = {"randn(2, 12, 11), (4, 5), 2", "randn(2, 13, 12), (4, 5), 2"});

}  // namespace deepseek
