#include "deepseek/data/loader.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <thread>

namespace deepseek::data {

// One pass over the data: the order, and the threads that fetch it. Threads take batch numbers from a counter and put results
// under that number; the reader takes them in order.
class DataLoader::Iterator::Epoch {
 public:
  Epoch(const DataLoader& loader, std::vector<int64_t> order, int64_t first, int64_t batches)
      : dataset_(loader.dataset_), options_(loader.options_), order_(std::move(order)), next_(first), taken_(first), batches_(batches) {
    ahead_ = std::max<int64_t>(1, options_.prefetch_factor) * options_.num_workers;
    for (int i = 0; i < options_.num_workers; ++i) threads_.emplace_back([this] { work(); });
  }

  ~Epoch() {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    for (std::thread& t : threads_) t.join();
  }

  bool next(TensorList& out) {
    if (taken_ == batches_) return false;
    if (threads_.empty()) {
      out = fetch(taken_++);
      return true;
    }
    Slot slot;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return ready_.count(taken_) != 0; });
      slot = std::move(ready_.extract(taken_).mapped());
      ++taken_;
    }
    changed_.notify_all();
    if (slot.error) std::rethrow_exception(slot.error);
    out = std::move(slot.batch);
    return true;
  }

 private:
  struct Slot {
    TensorList batch;
    std::exception_ptr error;
  };

  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return stop_ || (next_ < batches_ && next_ < taken_ + ahead_); });
      if (stop_) return;
      const int64_t k = next_++;
      lock.unlock();
      Slot slot;
      try {
        slot.batch = fetch(k);
      } catch (...) {
        slot.error = std::current_exception();
      }
      lock.lock();
      ready_.emplace(k, std::move(slot));
      changed_.notify_all();
    }
  }

  TensorList fetch(int64_t k) const {
    const int64_t begin = k * options_.batch_size, n = static_cast<int64_t>(order_.size());
    const std::span<const int64_t> indices(order_.data() + begin, static_cast<size_t>(std::min(options_.batch_size, n - begin)));
    if (!options_.collate_fn) return named(k, indices[0], [&] { return dataset_->get_batch(indices); });
    std::vector<TensorList> samples;
    for (int64_t i : indices) samples.push_back(named(k, i, [&] { return dataset_->get(i); }));
    return options_.collate_fn(samples);
  }

  // User errors say which batch was being fetched.
  template <class F>
  static TensorList named(int64_t k, int64_t index, F&& f) {
    try {
      return f();
    } catch (const Error& e) {
      throw Error(e.kind(), concat("DataLoader: fetching batch ", k, " (sample ", index, "): ", e.what()));
    }
  }

  DatasetPtr dataset_;
  LoaderOptions options_;
  std::vector<int64_t> order_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int64_t, Slot> ready_;
  int64_t next_, taken_, batches_, ahead_ = 0;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

DataLoader::DataLoader(DatasetPtr dataset, LoaderOptions options) : dataset_(std::move(dataset)), options_(std::move(options)) {
  ensure(dataset_ != nullptr, "DataLoader: the data set is missing");
  ensure(options_.batch_size > 0, "DataLoader: batch_size must be above 0, but it is ", options_.batch_size);
  ensure(options_.num_workers >= 0, "DataLoader: num_workers must be at least 0, but it is ", options_.num_workers);
  ensure(!options_.sampler || !options_.shuffle, "DataLoader: a sampler states the order, so shuffle must be off");
  if (options_.sampler) return;
  if (options_.shuffle) options_.sampler = std::make_shared<RandomSampler>(dataset_->size());
  else options_.sampler = std::make_shared<SequentialSampler>(dataset_->size());
}

DataLoader::~DataLoader() = default;

int64_t DataLoader::size() const {
  const int64_t n = options_.sampler->size();
  return options_.drop_last ? n / options_.batch_size : (n + options_.batch_size - 1) / options_.batch_size;
}

Tree DataLoader::state_dict() const {
  Tree t;
  t.set("seed", static_cast<int64_t>(options_.seed));
  t.set("epoch", epoch_);
  t.set("batches", given_);
  return t;
}

void DataLoader::load_state_dict(const Tree& state) {
  const char* what = "the loader's state";
  const int64_t epoch = state.at("epoch", what).integer("epoch"), given = state.at("batches", what).integer("batches");
  ensure(epoch >= 0 && given >= 0 && given <= size(), "load_state_dict: epoch ", epoch, ", batch ", given, " of ", size());
  options_.seed = static_cast<uint64_t>(state.at("seed", what).integer("seed"));
  epoch_ = epoch;
  given_ = given;
  resume_ = true;
}

DataLoader::Iterator DataLoader::begin() {
  // A pass that was begun is over when another begins, unless its position has just been loaded.
  if (!resume_ && given_ > 0) {
    ++epoch_;
    given_ = 0;
  }
  resume_ = false;
  return Iterator(*this);
}

DataLoader::Iterator::Iterator(DataLoader& loader) : loader_(&loader) {
  epoch_ = std::make_shared<Epoch>(loader, loader.options_.sampler->order(loader.options_.seed, static_cast<uint64_t>(loader.epoch_)),
                                   loader.given_, loader.size());
  ++*this;
}

DataLoader::Iterator& DataLoader::Iterator::operator++() {
  batch_.clear();
  done_ = !epoch_->next(batch_);
  if (!done_) {
    ++loader_->given_;
  } else if (loader_->given_ > 0) {
    ++loader_->epoch_;
    loader_->given_ = 0;
  }
  return *this;
}

}  // namespace deepseek::data
