#include "deepseek/data/dataset.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "deepseek/data/sampler.h"

namespace deepseek::data {
namespace {

int64_t checked_index(int64_t index, int64_t n, const char* what) {
  const int64_t i = index < 0 ? index + n : index;
  if (i < 0 || i >= n) raise_index(what, ": index ", index, " is out of range for ", n, " samples");
  return i;
}

const std::byte* bytes_of(const Tensor& t) {
  const Buffer& b = t.buffer();
  return b.storage->data() + b.offset * size_of(t.dtype());
}

}  // namespace

Dataset::~Dataset() = default;

TensorList Dataset::get_batch(std::span<const int64_t> indices) const {
  std::vector<TensorList> samples;
  for (int64_t i : indices) samples.push_back(get(i));
  return collate(samples);
}

Tensor gather_rows(const Tensor& source, std::span<const int64_t> indices) {
  ensure(source.rank() >= 1, "gather_rows: a 0-d tensor has no rows");
  const int64_t n = source.shape()[0];
  Shape shape = source.shape();
  shape[0] = 1;
  const auto row = static_cast<size_t>(shape.numel() * size_of(source.dtype()));
  shape[0] = static_cast<int64_t>(indices.size());
  StorageRef storage = Storage::allocate(shape.numel() * size_of(source.dtype()));
  const std::byte* from = bytes_of(source);
  std::byte* to = storage->data();
  for (int64_t index : indices) {
    const int64_t i = checked_index(index, n, "gather_rows");
    if (row) std::memcpy(to, from + static_cast<size_t>(i) * row, row);
    to += row;
  }
  return Tensor::from_storage(std::move(storage), source.dtype(), shape);
}

TensorList collate(const std::vector<TensorList>& samples) {
  ensure(!samples.empty(), "collate: a batch needs at least one sample");
  TensorList out;
  for (size_t k = 0; k < samples[0].size(); ++k) {
    const Spec& first = samples[0][k].spec();
    Shape shape = first.shape;
    shape.insert(0, static_cast<int64_t>(samples.size()));
    StorageRef storage = Storage::allocate(shape.numel() * size_of(first.dtype));
    std::byte* to = storage->data();
    for (size_t i = 0; i < samples.size(); ++i) {
      ensure(samples[i].size() == samples[0].size(), "collate: sample 0 of the batch has ", samples[0].size(), " tensors, sample ", i,
             " has ", samples[i].size());
      const Spec& spec = samples[i][k].spec();
      ensure(spec == first, "collate: samples of a batch must be equal in shape and type, but tensor ", k, " of sample 0 is ",
             to_string(first), " and of sample ", i, " is ", to_string(spec));
      const Tensor t = samples[i][k].contiguous_leaf();
      if (spec.bytes()) std::memcpy(to, bytes_of(t), static_cast<size_t>(spec.bytes()));
      to += spec.bytes();
    }
    out.push_back(Tensor::from_storage(std::move(storage), first.dtype, shape));
  }
  return out;
}

TensorDataset::TensorDataset(const TensorList& tensors) {
  ensure(!tensors.empty(), "TensorDataset: at least one tensor is needed");
  for (size_t i = 0; i < tensors.size(); ++i) {
    ensure(tensors[i].defined() && tensors[i].rank() >= 1, "TensorDataset: tensor ", i, " has no dim to index");
    ensure(tensors[i].shape()[0] == tensors[0].shape()[0], "TensorDataset: tensors must have equally many rows, but tensor 0 has ",
           tensors[0].shape()[0], " and tensor ", i, " has ", tensors[i].shape()[0]);
    tensors_.push_back(tensors[i].detach().contiguous_leaf());
  }
}

int64_t TensorDataset::size() const { return tensors_[0].shape()[0]; }

TensorList TensorDataset::get(int64_t index) const {
  const int64_t i = checked_index(index, size(), "TensorDataset");
  TensorList out;
  for (const Tensor& t : tensors_) {
    const Buffer& b = t.buffer();
    Shape shape = t.shape();
    shape.erase(0);
    out.push_back(Tensor::from_storage(b.storage, t.dtype(), shape, contiguous_strides(shape), b.offset + i * shape.numel()));
  }
  return out;
}

TensorList TensorDataset::get_batch(std::span<const int64_t> indices) const {
  TensorList out;
  for (const Tensor& t : tensors_) out.push_back(gather_rows(t, indices));
  return out;
}

Subset::Subset(DatasetPtr dataset, std::vector<int64_t> indices) : dataset_(std::move(dataset)), indices_(std::move(indices)) {
  ensure(dataset_ != nullptr, "Subset: the data set is missing");
  for (int64_t& i : indices_) i = checked_index(i, dataset_->size(), "Subset");
}

TensorList Subset::get(int64_t index) const {
  return dataset_->get(indices_[static_cast<size_t>(checked_index(index, size(), "Subset"))]);
}

TensorList Subset::get_batch(std::span<const int64_t> indices) const {
  std::vector<int64_t> mapped;
  for (int64_t i : indices) mapped.push_back(indices_[static_cast<size_t>(checked_index(i, size(), "Subset"))]);
  return dataset_->get_batch(mapped);
}

ConcatDataset::ConcatDataset(std::vector<DatasetPtr> datasets) : datasets_(std::move(datasets)) {
  ensure(!datasets_.empty(), "ConcatDataset: at least one data set is needed");
  int64_t end = 0;
  for (const DatasetPtr& d : datasets_) {
    ensure(d != nullptr, "ConcatDataset: a data set is missing");
    ends_.push_back(end += d->size());
  }
}

TensorList ConcatDataset::get(int64_t index) const {
  const int64_t i = checked_index(index, size(), "ConcatDataset");
  const auto k = static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end(), i) - ends_.begin());
  return datasets_[k]->get(i - (k ? ends_[k - 1] : 0));
}

std::vector<std::shared_ptr<Subset>> random_split(const DatasetPtr& dataset, const std::vector<int64_t>& lengths, uint64_t seed) {
  ensure(dataset != nullptr, "random_split: the data set is missing");
  int64_t total = 0;
  for (int64_t n : lengths) {
    ensure(n >= 0, "random_split: a length of ", n);
    total += n;
  }
  ensure(total == dataset->size(), "random_split: the lengths sum to ", total, ", but there are ", dataset->size(), " samples");
  const std::vector<int64_t> order = permutation(total, seed, 0);
  std::vector<std::shared_ptr<Subset>> out;
  auto at = order.begin();
  for (int64_t n : lengths) {
    out.push_back(std::make_shared<Subset>(dataset, std::vector<int64_t>(at, at + n)));
    at += n;
  }
  return out;
}

}  // namespace deepseek::data
