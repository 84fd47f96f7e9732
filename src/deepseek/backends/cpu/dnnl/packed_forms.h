// Weights in the layout that a primitive wants, kept with the storage they were packed from.
#pragma once
#include <array>
#include <vector>

#include "deepseek/backends/cpu/dnnl/engine.h"
#include "deepseek/tensor/storage.h"

namespace deepseek::library {

// What Storage::companion holds. The runtime drops it when the bytes change.
struct PackedForms {
  struct Form {
    int64_t offset;  // bytes from the storage's start
    dnnl::memory::desc from, to;
    StorageRef bytes;
  };
  std::vector<Form> forms;
  struct Panels {
    std::array<int64_t, 5> of;  // offset; depth, columns and their steps
    StorageRef bytes;
  };
  std::vector<Panels> panels;  // gemm/panels.h
};

// A copy between two layouts of the same values; runs on all threads, since copies have no order of addition.
class Reorder {
 public:
  Reorder() = default;
  Reorder(const dnnl::memory::desc& from, const dnnl::memory::desc& to);
  bool needed() const { return static_cast<bool>(primitive_); }
  int64_t bytes() const { return static_cast<int64_t>(to_.get_size()); }
  void run(const void* from, void* to) const;

  // The packed form of `from`: kept with `storage` when there is one, else written to `scratch`.
  const void* packed(const void* from, Storage* storage, void* scratch) const;

 private:
  dnnl::memory::desc from_, to_;
  dnnl::reorder primitive_;
};

}  // namespace deepseek::library
