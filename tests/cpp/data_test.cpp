#include <numeric>

#include <gtest/gtest.h>

#include "deepseek/data/loader.h"

using namespace deepseek;
using namespace deepseek::data;

namespace {

DatasetPtr twenty() {
  std::vector<float> x(60);
  std::iota(x.begin(), x.end(), 0.0f);
  std::vector<int64_t> y(20);
  std::iota(y.begin(), y.end(), int64_t{0});
  return std::make_shared<TensorDataset>(TensorList{Tensor::from_vector(x, {20, 3}), Tensor::from_vector(y, {20})});
}

std::vector<int64_t> labels(DataLoader& loader, size_t batches = 1000) {
  std::vector<int64_t> out;
  for (const TensorList& batch : loader) {
    const auto y = batch[1].to_vector<int64_t>();
    const auto x = batch[0].to_vector<float>();
    for (size_t i = 0; i < y.size(); ++i) EXPECT_EQ(x[3 * i + 2], static_cast<float>(3 * y[i] + 2));
    out.insert(out.end(), y.begin(), y.end());
    if (--batches == 0) break;
  }
  return out;
}

TEST(DataLoader, OrderDoesNotDependOnThreads) {
  std::vector<std::vector<int64_t>> orders;
  for (int workers : {0, 1, 4}) {
    DataLoader loader(twenty(), {.batch_size = 3, .shuffle = true, .num_workers = workers, .seed = 5});
    EXPECT_EQ(loader.size(), 7);
    std::vector<int64_t> two = labels(loader);
    const auto second = labels(loader);
    EXPECT_NE(two, second);
    two.insert(two.end(), second.begin(), second.end());
    EXPECT_EQ(two.size(), 40u);
    orders.push_back(two);
  }
  EXPECT_EQ(orders[0], orders[1]);
  EXPECT_EQ(orders[0], orders[2]);
}

TEST(DataLoader, ResumesInTheMiddleOfAnEpoch) {
  const LoaderOptions options{.batch_size = 3, .shuffle = true, .num_workers = 2, .seed = 5};
  DataLoader whole(twenty(), options), first(twenty(), options), second(twenty(), {.batch_size = 3, .shuffle = true});
  std::vector<int64_t> expected = labels(whole), seen = labels(first, 4);
  second.load_state_dict(first.state_dict());
  for (int64_t y : labels(second)) seen.push_back(y);
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(labels(second), labels(whole));
}

struct Faulty : Dataset {
  int64_t size() const override { return 20; }
  TensorList get(int64_t i) const override {
    if (i == 13) raise_value("sample is broken");
    return {Tensor::from_vector<int64_t>({i}, {1})};
  }
};

TEST(DataLoader, ErrorsNameTheBatchAndArriveInOrder) {
  for (int workers : {0, 3}) {
    DataLoader loader(std::make_shared<Faulty>(), {.batch_size = 4, .num_workers = workers});
    int good = 0;
    try {
      for (const TensorList& batch : loader) good += batch.size() == 1;
      ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("batch 3"), std::string::npos);
      EXPECT_EQ(e.kind(), ErrorKind::value);
    }
    EXPECT_EQ(good, 3);
  }
}

TEST(Dataset, SubsetsConcatenationsAndSplits) {
  const auto parts = random_split(twenty(), {15, 5}, 3);
  EXPECT_EQ(parts[1]->size(), 5);
  std::vector<int64_t> all = parts[0]->indices();
  all.insert(all.end(), parts[1]->indices().begin(), parts[1]->indices().end());
  EXPECT_EQ(all, permutation(20, 3, 0));
  ConcatDataset both({parts[0], parts[1]});
  EXPECT_EQ(both.get(16)[1].item<int64_t>(), parts[1]->indices()[1]);
  EXPECT_EQ(both.get(-1)[1].item<int64_t>(), parts[1]->indices()[4]);
  EXPECT_THROW(both.get(20), Error);
  EXPECT_THROW(Subset(twenty(), {20}), Error);
  EXPECT_THROW(random_split(twenty(), {3, 3}), Error);
  EXPECT_THROW(DataLoader(twenty(), {.batch_size = 0}), Error);
}

TEST(Sampler, DrawsFollowTheirWeights) {
  std::vector<int> count(3);
  for (int64_t i : weighted_draws({1, 0, 3}, 8000, true, 1, 0)) ++count[static_cast<size_t>(i)];
  EXPECT_EQ(count[1], 0);
  EXPECT_NEAR(count[2] / static_cast<double>(count[0]), 3.0, 0.3);
  EXPECT_THROW(weighted_draws({1, 0}, 2, false, 1, 0), Error);
  EXPECT_THROW(weighted_draws({-1, 2}, 2, true, 1, 0), Error);
}

}  // namespace
