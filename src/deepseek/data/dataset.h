// What can be trained on: samples by index.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "deepseek/graph/tensor.h"

namespace deepseek::data {

// A sample is a list of tensors, for example {image, label}. get() is called from several threads at once.
class Dataset {
 public:
  virtual ~Dataset();
  virtual int64_t size() const = 0;
  virtual TensorList get(int64_t index) const = 0;
  // The samples stacked along a new first dim. The default calls get() for each; a data set that can do better overrides it.
  virtual TensorList get_batch(std::span<const int64_t> indices) const;
};
using DatasetPtr = std::shared_ptr<const Dataset>;

// Rows of tensors of equal length: sample i is the i-th row of each.
class TensorDataset : public Dataset {
 public:
  explicit TensorDataset(const TensorList& tensors);
  int64_t size() const override;
  TensorList get(int64_t index) const override;
  TensorList get_batch(std::span<const int64_t> indices) const override;
  const TensorList& tensors() const { return tensors_; }

 private:
  TensorList tensors_;
};

class Subset : public Dataset {
 public:
  Subset(DatasetPtr dataset, std::vector<int64_t> indices);
  int64_t size() const override { return static_cast<int64_t>(indices_.size()); }
  TensorList get(int64_t index) const override;
  TensorList get_batch(std::span<const int64_t> indices) const override;
  const std::vector<int64_t>& indices() const { return indices_; }

 private:
  DatasetPtr dataset_;
  std::vector<int64_t> indices_;
};

class ConcatDataset : public Dataset {
 public:
  explicit ConcatDataset(std::vector<DatasetPtr> datasets);
  int64_t size() const override { return ends_.back(); }
  TensorList get(int64_t index) const override;

 private:
  std::vector<DatasetPtr> datasets_;
  std::vector<int64_t> ends_;
};

// Parts of the given sizes in an order that `seed` fixes.
std::vector<std::shared_ptr<Subset>> random_split(const DatasetPtr& dataset, const std::vector<int64_t>& lengths, uint64_t seed = 0);

// A computed tensor of rows `indices` of `source` (which is computed and row-major). Negative indices count from the end; others
// out of range raise IndexError. No graph is recorded, so any thread may call it.
Tensor gather_rows(const Tensor& source, std::span<const int64_t> indices);

// Samples stacked: tensors of equal shape and type along a new first dim.
TensorList collate(const std::vector<TensorList>& samples);

}  // namespace deepseek::data
