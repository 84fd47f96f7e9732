#include "deepseek/backends/cpu/gemm/library_matmul.h"

#include <map>

#include "deepseek/backends/cpu/dnnl/engine.h"
#include "deepseek/backends/cpu/gemm/epilogue.h"
#include "deepseek/backends/cpu/gemm/gemm.h"
#include "deepseek/backends/cpu/gemm/half_matmul.h"
#include "deepseek/backends/cpu/gemm/library_layout.h"
#include "deepseek/tensor/error.h"

namespace deepseek::gemm {
namespace {

struct LibraryTiles {
  int64_t rows, cols;
};
LibraryTiles library_tiles(const MatMulShape& s) {
  // A product with a vector reads memory once; anything else packs both factors for each tile, which few tiles keep cheap.
  const int64_t products_per_task = s.m == 1 || s.n == 1 ? 1 << 16 : 1 << 19;
  constexpr int64_t tasks_wanted = 8;
  int64_t rows = s.m, cols = s.n;
  const int64_t batch = static_cast<int64_t>(s.batch.size());
  const auto tasks = [&] { return batch * ((s.m + rows - 1) / rows) * ((s.n + cols - 1) / cols); };
  while (tasks() < tasks_wanted && rows * cols * s.k >= 2 * products_per_task) {
    if (cols >= rows && cols > 64) cols = round_up((cols + 1) / 2, 64);
    else if (rows > 32) rows = round_up((rows + 1) / 2, 16);
    else break;
  }
  return {rows, cols};
}

// oneDNN's sgemm. Unlike its matmul primitive it copies panels of b, so leading dimensions that are multiples of 4 KiB cost
// nothing.
void run_sgemm(const MatMulShape& s, LibraryMatrix la, LibraryMatrix lb, LibraryTiles tile, const Epilogue& epilogue,
                 const KernelRun& run) {
  const library::OneThread one_thread;
  const float* a = static_cast<const float*>(run.inputs[0]);
  const float* b = static_cast<const float*>(run.inputs[1]);
  float* c = static_cast<float*>(run.outputs[0]);
  const int64_t row_tiles = (s.m + tile.rows - 1) / tile.rows, col_tiles = (s.n + tile.cols - 1) / tile.cols;
  const int64_t per_item = row_tiles * col_tiles, tasks = per_item * static_cast<int64_t>(s.batch.size());
  // Small items go to a thread in groups.
  const int64_t grain = std::max<int64_t>(1, (1 << 15) / std::max<int64_t>(1, tile.rows * tile.cols * s.k));
  parallel_for(tasks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const MatMulShape::Item& item = s.batch[static_cast<size_t>(task / per_item)];
      const int64_t row = task % per_item / col_tiles * tile.rows, col = task % per_item % col_tiles * tile.cols;
      const int64_t rows = std::min(tile.rows, s.m - row), cols = std::min(tile.cols, s.n - col);
      float* to = c + item.c + row * s.c_row + col;
      const dnnl_status_t status =
          dnnl_sgemm(la.transposed, lb.transposed, rows, cols, s.k, 1.f, a + item.a + row * s.a_row, la.ld,
                     b + item.b + col * s.b_col, lb.ld, 0.f, to, s.m == 1 ? std::max(s.n, s.c_row) : s.c_row);
      DEEPSEEK_CHECK(status == dnnl_success, "sgemm ", static_cast<int>(status));
      if (epilogue.bias < 0 && epilogue.post_ops.empty()) continue;
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t offset = item.c + (row + r) * s.c_row + col;
        finish_row(epilogue, run, offset, col, cols, c + offset, c + offset);
      }
    }
  });
}

// oneDNN's matmul primitive for 16-bit floats: bias and post-ops inside, one primitive per size of tile.
class TiledMatMul {
 public:
  TiledMatMul(DType type, MatMulShape s, Epilogue epilogue) : s_(std::move(s)), tile_(library_tiles(s_)), epilogue_(std::move(epilogue)), element_(size_of(type)) {
    const library::OneThread one_thread;
    for (int64_t rows : {tile_.rows, s_.m % tile_.rows}) {
      for (int64_t cols : {tile_.cols, s_.n % tile_.cols}) {
        if (rows > 0 && cols > 0) calls_.try_emplace({rows, cols}, describe(type, rows, cols));
      }
    }
  }

  void operator()(const KernelRun& run) const {
    const library::OneThread one_thread;
    const int64_t row_tiles = (s_.m + tile_.rows - 1) / tile_.rows, col_tiles = (s_.n + tile_.cols - 1) / tile_.cols;
    const int64_t per_item = row_tiles * col_tiles;
    const auto at = [&](const void* base, int64_t offset) { return const_cast<std::byte*>(static_cast<const std::byte*>(base)) + offset * element_; };
    parallel_for(per_item * static_cast<int64_t>(s_.batch.size()), 1, [&](int64_t begin, int64_t end) {
      const dnnl::engine& e = library::engine();
      for (int64_t task = begin; task < end; ++task) {
        const MatMulShape::Item& item = s_.batch[static_cast<size_t>(task / per_item)];
        const int64_t row = task % per_item / col_tiles * tile_.rows, col = task % per_item % col_tiles * tile_.cols;
        const Call& call = calls_.at({std::min(tile_.rows, s_.m - row), std::min(tile_.cols, s_.n - col)});
        const int64_t to = item.c + row * s_.c_row + col;
        std::unordered_map<int, dnnl::memory> args{
            {DNNL_ARG_SRC, {call.a, e, at(run.inputs[0], item.a + row * s_.a_row)}},
            {DNNL_ARG_WEIGHTS, {call.b, e, at(run.inputs[1], item.b + col * s_.b_col)}},
            {DNNL_ARG_DST, {call.c, e, at(run.outputs[0], to)}},
            {DNNL_ARG_SCRATCHPAD, {call.scratchpad, e, thread_scratch(static_cast<int64_t>(call.scratchpad.get_size()))}}};
        if (epilogue_.bias >= 0) args.emplace(DNNL_ARG_BIAS, dnnl::memory(call.bias, e, at(run.inputs[epilogue_.bias], col)));
        for (size_t p = 0; p < epilogue_.post_ops.size(); ++p) {
          if (epilogue_.post_ops[p].kind != PostOp::Kind::add_operand) continue;
          args.emplace(DNNL_ARG_ATTR_MULTIPLE_POST_OP(static_cast<int>(p)) | DNNL_ARG_SRC_1,
                       dnnl::memory(call.c, e, at(run.inputs[epilogue_.post_ops[p].input], to)));
        }
        call.primitive.execute(library::stream(), args);
      }
    });
  }

 private:
  struct Call {
    dnnl::matmul primitive;
    dnnl::memory::desc a, b, c, bias, scratchpad;
  };

  Call describe(DType type, int64_t rows, int64_t cols) const {
    using dnnl::memory;
    const auto t = library::data_type(type);
    const memory::desc a({rows, s_.k}, t, memory::dims{s_.a_row, s_.a_col}), b({s_.k, cols}, t, memory::dims{s_.b_row, s_.b_col}),
        c({rows, cols}, t, memory::dims{s_.c_row, 1});
    const memory::desc bias = epilogue_.bias < 0 ? memory::desc() : memory::desc({1, cols}, t, memory::dims{cols, 1});
    dnnl::primitive_attr attr;
    attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    dnnl::post_ops posts;
    for (const PostOp& p : epilogue_.post_ops) {
      if (p.kind == PostOp::Kind::relu) posts.append_eltwise(dnnl::algorithm::eltwise_relu, 0.f, 0.f);
      else posts.append_binary(dnnl::algorithm::binary_add, c);
    }
    attr.set_post_ops(posts);
    const dnnl::matmul::primitive_desc d(library::engine(), a, b, bias, c, attr);
    return {dnnl::matmul(d), a, b, c, bias, d.scratchpad_desc()};
  }

  MatMulShape s_;
  LibraryTiles tile_;
  Epilogue epilogue_;
  int64_t element_;
  std::map<std::pair<int64_t, int64_t>, Call> calls_;
};

}  // namespace

KernelFn make_library_matmul(DType type, const MatMulShape& s, const Epilogue& epilogue) {
  constexpr int64_t least_products = 4096;
  const LibraryMatrix a = as_library(s.m, s.k, s.a_row, s.a_col), b = as_library(s.k, s.n, s.b_row, s.b_col);
  if (a.ld == 0 || b.ld == 0 || s.k == 0 || s.batch.empty() || s.m * s.n * s.k <= least_products) return {};
  if (type == DType::float32) {
    return [=, tile = library_tiles(s)](const KernelRun& run) { run_sgemm(s, a, b, tile, epilogue, run); };
  }
  if (type == DType::float16 || (type == DType::bfloat16 && !library::native_bfloat16())) return make_half_matmul(type, s, epilogue);
  if (type != DType::bfloat16) return {};
  try {
    return TiledMatMul(type, s, epilogue);
  } catch (const dnnl::error& e) {
    if (e.status != dnnl_unimplemented && e.status != dnnl_invalid_arguments) throw;
    return make_half_matmul(type, s, epilogue);
  }
}

}  // namespace deepseek::gemm
