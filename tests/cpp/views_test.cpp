// Views against index arithmetic: what they read, what a write through them changes, and what gradients put back.
#include <functional>
#include <numeric>

#include <gtest/gtest.h>

#include "deepseek/ops.h"
#include "deepseek/ops/index/indexing.h"
#include "deepseek/ops/view/window.h"

using namespace deepseek;

namespace {

using Doubles = std::vector<double>;

Tensor counting(const Shape& shape) {
  Doubles v(static_cast<size_t>(shape.numel()));
  std::iota(v.begin(), v.end(), 0.0);
  return Tensor::from_vector(v, shape);
}
Doubles values(const Tensor& t) {
  return t.to_vector<double>();
}

// A view of a counting tensor shows which elements it has. A write through the view must reach these elements and no
// other.
void check_view(const Shape& shape, const std::function<Tensor(const Tensor&)>& view, const char* name) {
  const Doubles seen = values(view(counting(shape)));
  Tensor base = counting(shape);
  const Tensor early = view(base);
  Tensor written = view(base);
  Doubles news(seen.size());
  for (size_t i = 0; i < news.size(); ++i) news[i] = -1.0 - static_cast<double>(i);
  written.assign(Tensor::from_vector(news, written.shape()));
  Doubles expected(static_cast<size_t>(shape.numel()));
  std::iota(expected.begin(), expected.end(), 0.0);
  for (size_t i = 0; i < seen.size(); ++i) expected[static_cast<size_t>(seen[i])] = news[i];
  EXPECT_TRUE(values(base) == expected) << name;
  EXPECT_TRUE(values(early) == news) << name << ": a view made before the write";
  base.assign(counting(shape));
  EXPECT_TRUE(values(early) == seen) << name << ": a write to the base";

  // The gradient of sum(view * weight) is the weight at the elements seen.
  Tensor leaf = counting(shape);
  leaf.set_requires_grad();
  sum(mul(view(leaf), Tensor::from_vector(news, written.shape()))).backward();
  Doubles gradient(static_cast<size_t>(shape.numel()), 0.0);
  for (size_t i = 0; i < seen.size(); ++i) gradient[static_cast<size_t>(seen[i])] += news[i];
  EXPECT_TRUE(values(leaf.grad()) == gradient) << name << ": gradient";
}

#define CHECK_VIEW(shape, expression) \
  check_view(                         \
      Shape shape, [](const Tensor& x) { return expression; }, #expression)

TEST(Views, ReadWriteAndGradient) {
  CHECK_VIEW(({5}), slice(x, 0, 1, 4, 2));
  CHECK_VIEW(({3, 7}), slice(x, 1, 2, 7, 3));
  CHECK_VIEW(({3, 7}), slice(transpose(x, 0, 1), 0, 1, 6, 2));
  CHECK_VIEW(({4, 3, 5}), select(x, 1, -1));
  CHECK_VIEW(({4, 3, 5}), select(select(x, 2, 3), 0, 1));
  CHECK_VIEW(({4, 3}), flatten(x));
  CHECK_VIEW(({4, 3, 2}), flatten(permute(x, {1, 2, 0}), 0, 1));
  CHECK_VIEW(({1, 4, 1}), squeeze(x));
  CHECK_VIEW(({2, 3}), unsqueeze(unsqueeze(x, 0), -1));
  CHECK_VIEW(({4, 6}), diagonal(x, 1));
  CHECK_VIEW(({3, 4, 5}), diagonal(x, -1, 2, 0));
  CHECK_VIEW(({4, 4}), select(diagonal(x), 0, 2));
  CHECK_VIEW(({9}), unfold_dim(x, 0, 2, 3));
  CHECK_VIEW(({4, 4}), as_strided(x, {2, 2}, {5, 1}, 1));
  CHECK_VIEW(({6, 2}), split(x, 4)[1]);
  CHECK_VIEW(({6, 2}), unbind(x, 1)[1]);
  CHECK_VIEW(({6, 2}), movedim(x, {0}, {1}));
  CHECK_VIEW(({3, 4, 5}), index(x, {int64_t{1}, SliceItem{1, {}, 2}, NewAxisItem{}, SliceItem{{}, -1, {}}}));
  CHECK_VIEW(({3, 4, 5}), index(x, {EllipsisItem{}, int64_t{-2}}));
}

TEST(Views, OverlapsAreReadButNotWritten) {
  const Tensor base = counting({5});
  Tensor windows = unfold_dim(base, 0, 3, 1);
  EXPECT_TRUE((values(windows) == Doubles{0, 1, 2, 1, 2, 3, 2, 3, 4}));
  EXPECT_THROW(windows.assign(counting({3, 3})), Error);
  Tensor leaf = counting({5});
  leaf.set_requires_grad();
  sum(unfold_dim(leaf, 0, 3, 1)).backward();
  EXPECT_TRUE((values(leaf.grad()) == Doubles{1, 2, 3, 2, 1}));
}

TEST(Views, CopiesDoNotShare) {
  for (const auto& copy : std::vector<std::function<Tensor(const Tensor&)>>{
           [](const Tensor& x) { return flip(x, {0}); },
           [](const Tensor& x) {
             return repeat(x, {1, 1});
           },
           [](const Tensor& x) { return roll(x, {0}, {0}); }, [](const Tensor& x) { return diag(x); },
           [](const Tensor& x) {
             return pad(x, {0, 0}, "reflect");
           },
           [](const Tensor& x) { return flatten(transpose(x, 0, 1)); },  // as in torch, where strides cannot say it
           [](const Tensor& x) {
             return repeat(x, {2, 1});
           }}) {
    const Tensor base = counting({3, 3});
    Tensor c = copy(base);
    c.assign(zeros(c.shape(), DType::float64));
    EXPECT_TRUE(values(base) == values(counting({3, 3})));
  }
}

TEST(Views, RegionsThatOverlap) {
  EXPECT_FALSE(overlaps({{3, 4}, {4, 1}}));
  EXPECT_TRUE(overlaps({{3, 4}, {3, 1}}));
  EXPECT_FALSE(overlaps({{2, 2}, {1, 2}}));
  EXPECT_TRUE(overlaps({{2}, {0}}));
  EXPECT_FALSE(overlaps({{0, 9}, {0, 0}}));
}

TEST(Indexing, TensorsReplaceTheirDims) {
  const Tensor x = counting({3, 4, 5});
  const Tensor rows = Tensor::from_vector<int64_t>({2, -3}, {2}),
               columns = Tensor::from_vector<int64_t>({1, 0, 3}, {3, 1});
  const Tensor together = index(x, {rows, columns});
  EXPECT_EQ(to_string(together.shape()), "(3, 2, 5)");
  const Tensor apart = index(x, {rows, SliceItem{}, Tensor::from_vector<int64_t>({4, 0}, {2})});
  EXPECT_EQ(to_string(apart.shape()), "(2, 4)");
  const Doubles a = values(together), b = values(apart);
  for (int64_t i = 0; i < 3; ++i) {
    for (int64_t j = 0; j < 2; ++j) {
      const int64_t r = j == 0 ? 2 : 0, c = i == 0 ? 1 : i == 1 ? 0 : 3;
      for (int64_t k = 0; k < 5; ++k)
        EXPECT_EQ(a[static_cast<size_t>((i * 2 + j) * 5 + k)], static_cast<double>((r * 4 + c) * 5 + k));
    }
  }
  EXPECT_TRUE((b == Doubles{44, 49, 54, 59, 0, 5, 10, 15}));
  const Tensor middle = index(x, {SliceItem{}, rows});
  EXPECT_EQ(to_string(middle.shape()), "(3, 2, 5)");
  EXPECT_EQ(values(middle)[0], 10.0);
}

TEST(Indexing, Masks) {
  const Tensor x = counting({2, 3});
  const Tensor mask = gt(x, 2.5);
  EXPECT_TRUE((values(index(x, {mask})) == Doubles{3, 4, 5}));
  const Tensor row = Tensor::from_vector<int64_t>({0, 1}, {2}),
               one = gt(Tensor::from_vector<int64_t>({1, 0, 1}, {3}), 0);
  EXPECT_TRUE((values(index(x, {row, one})) == Doubles{0, 5}));
  EXPECT_THROW(index(x, {one}), Error);
}

TEST(Indexing, Assigns) {
  Tensor x = counting({2, 3});
  index_assign(x, {gt(x, 2.5)}, 0.0);
  EXPECT_TRUE((values(x) == Doubles{0, 1, 2, 0, 0, 0}));
  index_assign(x, {SliceItem{}, int64_t{1}}, Tensor::from_vector<double>({7, 8}, {2}));
  EXPECT_TRUE((values(x) == Doubles{0, 7, 2, 0, 8, 0}));
  const Tensor twice = Tensor::from_vector<int64_t>({1, 1, -2}, {3});
  index_assign(x, {twice}, 1.0, true);
  EXPECT_TRUE((values(x) == Doubles{1, 8, 3, 2, 10, 2}));
  index_assign(x, {SliceItem{}, Tensor::from_vector<int64_t>({2, 0}, {2})},
               Tensor::from_vector<double>({5, 6, 7, 8}, {2, 2}));
  EXPECT_TRUE((values(x) == Doubles{6, 8, 5, 8, 10, 7}));
  Tensor part = slice(x, 1, 1, 3, 1);
  index_assign(part, {Tensor::from_vector<int64_t>({0}, {1})}, -1.0);
  EXPECT_TRUE((values(x) == Doubles{6, -1, -1, 8, 10, 7}));
  index_assign(x, {gt(x, 7.5)}, Tensor::from_vector<double>({1, 2}, {2}));
  EXPECT_TRUE((values(x) == Doubles{6, -1, -1, 1, 2, 7}));
  EXPECT_THROW(index_assign(x, {int64_t{2}}, 1.0), Error);
  EXPECT_THROW(index_assign(x, {SliceItem{}, SliceItem{}, SliceItem{}}, 1.0), Error);
  EXPECT_THROW(index_assign(x, {int64_t{0}}, counting({2})), Error);
}

TEST(Indexing, OutOfRangeIsFoundWhenComputed) {
  const Tensor x = counting({3, 2});
  for (int64_t bad : {int64_t{3}, int64_t{-4}, INT64_MIN, INT64_MAX}) {
    const Tensor i = Tensor::from_vector<int64_t>({0, bad}, {2});
    std::string message;
    try {
      index(x, {i}).eval();
    } catch (const Error& e) {
      message = e.what();
    }
    EXPECT_TRUE(message.find(std::to_string(bad)) != std::string::npos && message.find("size 3") != std::string::npos)
        << message;
    EXPECT_THROW(index_select(x, 0, i).eval(), Error);
    EXPECT_THROW(gather(x, 0, unsqueeze(i, 1)).eval(), Error);
    EXPECT_THROW(scatter_add(x, 0, unsqueeze(i, 1), zeros({2, 1}, DType::float64)).eval(), Error);
    EXPECT_THROW(index_add(x, 0, i, counting({2, 2})).eval(), Error);
  }
}

}  // namespace
