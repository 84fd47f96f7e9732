// Images cut into parts of their rows, which calls of the library compute; equal parts share a call.
#pragma once
#include <map>

#include "deepseek/backends/cpu/conv/library.h"
#include "deepseek/backends/cpu/dnnl/packed_forms.h"
#include "deepseek/runtime/parallel.h"

namespace deepseek::conv {

// The one dim that is cut: the outermost of space.
inline size_t row_dim(const ConvShape& s) { return static_cast<size_t>(3 - s.spatial); }

// Bytes of a row of one image.
inline int64_t in_row_bytes(const ConvShape& s, DType type) { return size_of(type) * s.in_channels * s.in_pixels() / s.in[row_dim(s)]; }
inline int64_t out_row_bytes(const ConvShape& s, DType type) { return size_of(type) * s.out_channels * s.out_pixels() / s.out[row_dim(s)]; }

// Call: a primitive with the layout `weights` that it wants them in.
template <class Call>
class RowParts {
 public:
  // A part that reads `from` and writes `to` bytes into the operands. `make(weights)` makes its call unless one of an equal part is
  // there; all calls take the weights in the layout of the first.
  template <class Make>
  void add(const std::array<int64_t, 3>& alike, int64_t from, int64_t to, const Make& make) {
    const auto [at, fresh] = known_.try_emplace(alike, calls_.size());
    if (fresh) calls_.push_back(make(calls_.empty() ? nullptr : &calls_.front().weights));
    parts_.push_back({at->second, from, to});
  }

  // When all parts are there.
  void pack_weights(const ConvShape& s, KernelContext& context, DType type) {
    pack_ = library::Reorder(weights_desc(type, s, false), calls_.front().weights);
    if (pack_.needed()) context.workspace = pack_.bytes();
    known_.clear();
  }

  // body(call, from, weights, to, bytes into the output) for each part.
  template <class Body>
  void run(const KernelRun& run, const Body& body) const {
    const void* weights = pack_.packed(run.inputs[1], run.input_storages ? run.input_storages[1] : nullptr, run.workspace);
    const library::OneThread one_thread;
    parallel_for(static_cast<int64_t>(parts_.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const Part& p = parts_[static_cast<size_t>(i)];
        body(calls_[p.call], static_cast<const std::byte*>(run.inputs[0]) + p.from, weights, static_cast<std::byte*>(run.outputs[0]) + p.to, p.to);
      }
    });
  }

 private:
  struct Part {
    size_t call;
    int64_t from, to;
  };
  std::vector<Call> calls_;
  std::vector<Part> parts_;
  std::map<std::array<int64_t, 3>, size_t> known_;
  library::Reorder pack_;
};

}  // namespace deepseek::conv
