// Batches of a data set, fetched ahead by threads in an order that no thread changes.
#pragma once
#include <functional>
#include <iterator>

#include "deepseek/data/dataset.h"
#include "deepseek/data/sampler.h"
#include "deepseek/files/tree.h"

namespace deepseek::data {

using Collate = std::function<TensorList(const std::vector<TensorList>&)>;

struct LoaderOptions {
  int64_t batch_size = 1;
  bool shuffle = false;
  int num_workers = 0;  // threads; 0 fetches each batch when it is asked for
  bool drop_last = false;
  uint64_t seed = 0;
  int64_t prefetch_factor = 2;  // batches fetched ahead per worker
  SamplerPtr sampler = nullptr;
  Collate collate_fn = nullptr;
};

//   for (const TensorList& batch : loader) ...        one epoch; the next loop is the next epoch
class DataLoader {
 public:
  DataLoader(DatasetPtr dataset, LoaderOptions options = {});
  ~DataLoader();

  int64_t size() const;  // batches per epoch
  const Dataset& dataset() const { return *dataset_; }

  // Where the loader stands: seed, epoch and batches given out. After load_state_dict the next loop goes on from there.
  Tree state_dict() const;
  void load_state_dict(const Tree& state);

  class Iterator {
   public:
    using value_type = TensorList;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    const TensorList& operator*() const { return batch_; }
    const TensorList* operator->() const { return &batch_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, std::default_sentinel_t) { return a.done_; }

   private:
    friend class DataLoader;
    class Epoch;
    explicit Iterator(DataLoader& loader);
    DataLoader* loader_;
    std::shared_ptr<Epoch> epoch_;
    TensorList batch_;
    bool done_ = false;
  };
  Iterator begin();
  std::default_sentinel_t end() const { return {}; }

 private:
  friend class Iterator;
  DatasetPtr dataset_;
  LoaderOptions options_;
  int64_t epoch_ = 0;
  int64_t given_ = 0;  // batches of this epoch
  bool resume_ = false;
};

}  // namespace deepseek::data
