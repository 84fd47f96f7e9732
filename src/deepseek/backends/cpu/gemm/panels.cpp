#include "deepseek/backends/cpu/gemm/panels.h"

#include "deepseek/backends/cpu/dnnl/packed_forms.h"
#include "deepseek/backends/cpu/gemm/gemm.h"
#include "deepseek/backends/cpu/gemm/panel_micro.h"

namespace deepseek::gemm {
namespace {

// A panel of so much depth stays in the first cache, so many rows of it in the second.
constexpr int64_t depth_block = 256, row_block = 192;
constexpr int64_t tasks_wanted = 16, products_per_task = 1 << 16;

int64_t width() { return 2 * panel_table().lanes; }
int64_t parts_of(int64_t n, int64_t multiple, int64_t parts) { return round_up((n + parts - 1) / parts, multiple); }

}  // namespace

bool PanelProduct::suits(int64_t n) { return n % panel_table().lanes == 0; }

PanelProduct::PanelProduct(PanelShape shape) : s_(std::move(shape)) {
  // Rows of `a` a multiple of 2 KiB apart would push each other out of the first cache.
  copies_ = s_.a_at || (s_.k > 16 && s_.a_row % 512 == 0);
  const int64_t wanted = std::clamp<int64_t>(s_.m * s_.n * s_.k / products_per_task, 1, tasks_wanted);
  const int64_t most_rows = std::max<int64_t>(1, s_.m / panel_table().rows), most_cols = (s_.n + width() - 1) / width();
  // Each part of the rows reads all columns that it meets, and the other way round: the cut that reads least.
  int64_t least = -1;
  for (int64_t rows = 1; rows <= std::min(wanted, most_rows); ++rows) {
    const int64_t cols = std::min(most_cols, (wanted + rows - 1) / rows);
    if (rows * cols < std::min(wanted, most_rows * most_cols)) continue;
    const int64_t reads = s_.m * cols + s_.n * rows;
    if (least < 0 || reads < least) least = reads, row_parts_ = rows, col_parts_ = cols;
  }
}

int64_t PanelProduct::workspace() const { return round_up(s_.n, width()) * s_.k * static_cast<int64_t>(sizeof(float)); }

void PanelProduct::pack(const float* b, float* to) const {
  const Micro<float>& kernel = micro<float>();
  const int64_t panels = (s_.n + width() - 1) / width(), blocks = (s_.k + depth_block - 1) / depth_block;
  parallel_for(panels * blocks, 4, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t p = task / panels * depth_block, col = task % panels * width(), depth = std::min(depth_block, s_.k - p);
      kernel.pack_cols(b + p * s_.b_row + col * s_.b_col, s_.b_col, s_.b_row, std::min(width(), s_.n - col), depth,
                       to + p * panels * width() + col * depth);
    }
  });
}

const float* PanelProduct::packed(const float* b, Storage* storage, void* workspace) const {
  if (!storage) {
    pack(b, static_cast<float*>(workspace));
    return static_cast<const float*>(workspace);
  }
  if (!storage->companion) storage->companion = std::make_shared<library::PackedForms>();
  auto& kept = static_cast<library::PackedForms*>(storage->companion.get())->panels;
  const int64_t offset = reinterpret_cast<const std::byte*>(b) - storage->data();
  const std::array<int64_t, 5> of{offset, s_.k, s_.n, s_.b_row, s_.b_col};
  for (const auto& panels : kept) {
    if (panels.of == of) return reinterpret_cast<const float*>(panels.bytes->data());
  }
  StorageRef bytes = Storage::allocate(this->workspace());
  pack(b, reinterpret_cast<float*>(bytes->data()));
  kept.push_back({of, bytes});
  return reinterpret_cast<const float*>(bytes->data());
}

void PanelProduct::run(const float* a, const float* b, Storage* b_storage, void* workspace, float* c, const PanelEnding& ending) const {
  const float* panels = packed(b, b_storage, workspace);
  const int64_t rows = parts_of(s_.m, panel_table().rows, row_parts_), cols = parts_of(s_.n, width(), col_parts_);
  const int64_t row_parts = (s_.m + rows - 1) / rows, col_parts = (s_.n + cols - 1) / cols;
  parallel_for(row_parts * col_parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t row = task % row_parts * rows, col = task / row_parts * cols;
      part(a, panels, c, ending, row, std::min(rows, s_.m - row), col, std::min(cols, s_.n - col));
    }
  });
}

void PanelProduct::part(const float* a, const float* b, float* c, const PanelEnding& ending, int64_t row, int64_t rows, int64_t col,
                        int64_t cols) const {
  const PanelTable& table = panel_table();
  const int64_t padded = round_up(s_.n, width());
  auto* copy = copies_ ? static_cast<float*>(thread_scratch(row_block * depth_block * static_cast<int64_t>(sizeof(float)))) : nullptr;
  for (int64_t p = 0; p < s_.k; p += depth_block) {
    const int64_t depth = std::min(depth_block, s_.k - p);
    for (int64_t first = row; first < row + rows; first += row_block) {
      const int64_t height = std::min(row_block, row + rows - first);
      const float* from = a + first * s_.a_row + p;
      if (copies_) {
        for (int64_t i = 0; i < height; ++i) {
          std::copy_n(a + (s_.a_at ? s_.a_at(first + i) : (first + i) * s_.a_row) + p, depth, copy + i * depth);
        }
        from = copy;
      }
      const int64_t step = copies_ ? depth : s_.a_row;
      for (int64_t j = col; j < col + cols; j += width()) {
        const auto moved = [&](const float* q, int64_t by) { return q ? q + by : nullptr; };
        PanelEnding end{moved(ending.bias, j), moved(ending.slope, j), moved(ending.shift, j), nullptr, ending.relu, ending.relu6};
        const auto& of = table.of[col + cols - j >= width() ? 1 : 0];
        for (int64_t i = 0; i < height; i += table.rows) {
          const int64_t at = (first + i) * s_.c_row + j;
          end.other = moved(ending.other, at);
          of[std::min<int64_t>(table.rows, height - i) - 1](depth, from + i * step, step, b + p * padded + j * depth, c + at, s_.c_row, p > 0,
                                                            p + depth == s_.k ? &end : nullptr);
        }
      }
    }
  }
}

KernelFn make_panel_matmul(const MatMulShape& s, const Epilogue& epilogue, KernelContext& context) {
  // Fewer rows do not repay a factor packed anew, which a parameter that has just changed is; more have a kernel that packs by the way.
  const bool rows = s.m >= 64 && s.m <= 256, lies = s.a_col == 1 && (s.b_row == 1 || s.b_col == 1) && s.batch.size() == 1;
  if (!rows || !lies || s.m * s.n * s.k < 1 << 20 || !PanelProduct::suits(s.n)) return {};
  const std::vector<PostOp>& posts = epilogue.post_ops;
  const size_t adds = !posts.empty() && posts[0].kind == PostOp::Kind::add_operand ? 1 : 0;
  if (posts.size() > adds + 1 || (posts.size() == adds + 1 && posts[adds].kind != PostOp::Kind::relu)) return {};
  const PanelProduct product({.m = s.m, .n = s.n, .k = s.k, .a_row = s.a_row, .b_row = s.b_row, .b_col = s.b_col, .c_row = s.c_row});
  context.workspace = product.workspace();
  const int bias = epilogue.bias, other = adds ? posts[0].input : -1;
  const bool relu = posts.size() == adds + 1;
  return [product, item = s.batch[0], bias, other, relu](const KernelRun& run) {
    const auto input = [&](int i, int64_t offset) { return i < 0 ? nullptr : static_cast<const float*>(run.inputs[i]) + offset; };
    product.run(input(0, item.a), input(1, item.b), run.input_storages ? run.input_storages[1] : nullptr, run.workspace,
                static_cast<float*>(run.outputs[0]) + item.c, {.bias = input(bias, 0), .other = input(other, item.c), .relu = relu});
  };
}

}  // namespace deepseek::gemm
