// Text after text: tokens drawn one by one.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "deepseek/models/gpt2.h"
#include "deepseek/nn/symbolic.h"
#include "deepseek/ops.h"
#include "deepseek/ops/core/core.h"
#include "deepseek/ops/random/generator.h"
#include "deepseek/ops/random/philox.h"

namespace deepseek::models {
namespace {

// A number of [0, 1) for each row of a step.
class Draws {
 public:
  explicit Draws(std::optional<int64_t> seed)
      : own_(static_cast<uint64_t>(seed.value_or(0))), from_(seed ? own_ : default_generator()) {}
  void step() { key_ = from_.next_key(); }
  double uniform(int64_t row) const { return philox::uniform<double>(philox::words(row, key_)); }

 private:
  Generator own_;
  Generator& from_;
  int64_t key_ = 0;
};

// One token by its scores: the top_k best, of these the fewest that hold top_p of the probability.
int64_t draw(const float* scores, int64_t n, const GenerateOptions& o, double uniform) {
  if (o.temperature == 0) return std::max_element(scores, scores + n) - scores;
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  const auto better = [&](int64_t a, int64_t b) { return scores[a] > scores[b] || (scores[a] == scores[b] && a < b); };
  if (o.top_k > 0 && o.top_k < n) {
    std::nth_element(order.begin(), order.begin() + o.top_k, order.end(), better);
    order.resize(static_cast<size_t>(o.top_k));
  }
  if (o.top_p < 1)
    std::sort(order.begin(), order.end(), better);
  else
    std::sort(order.begin(), order.end());
  double best = -INFINITY, total = 0;
  for (int64_t i : order) best = std::max<double>(best, scores[i]);
  std::vector<double> sums(order.size());
  for (size_t i = 0; i < order.size(); ++i) sums[i] = total += std::exp((scores[order[i]] - best) / o.temperature);
  if (o.top_p < 1) {
    const auto kept = std::lower_bound(sums.begin(), sums.end(), o.top_p * total);
    sums.erase(kept == sums.end() ? kept : kept + 1, sums.end());
    total = sums.back();
  }
  const auto at = std::upper_bound(sums.begin(), sums.end(), uniform * total);
  return order[static_cast<size_t>(std::min<ptrdiff_t>(at - sums.begin(), static_cast<ptrdiff_t>(sums.size()) - 1))];
}

void check(const GenerateOptions& o, const Tensor& ids, const GPT2Config& c) {
  ensure(ids.rank() == 2 && ids.size(0) >= 1 && ids.size(1) >= 1,
         "generate: ids must be (batch, rows) with at least one row, but they are ", to_string(ids.shape()));
  ensure(o.max_new_tokens >= 0 && ids.size(1) + o.max_new_tokens <= c.n_positions, "generate: ", ids.size(1),
         " tokens and ", o.max_new_tokens, " new ones exceed the ", c.n_positions, " positions of the model");
  ensure(o.temperature >= 0 && std::isfinite(o.temperature),
         "generate: temperature must be a finite number of at least 0, but is ", o.temperature);
  ensure(o.top_k >= 0, "generate: top_k must not be negative, but is ", o.top_k);
  ensure(o.top_p > 0 && o.top_p <= 1, "generate: top_p must lie in (0, 1], but is ", o.top_p);
}

}  // namespace

Tensor GPT2LMHeadModel::next_scores(const Tensor& ids, KeyValueCache& cache) {
  NoGradGuard no_grad;
  ensure(ids.rank() == 2 && ids.size(1) >= 1, "next_scores: ids must be (batch, rows) with at least one row, but they are ",
         to_string(ids.shape()));
  const Shape held = cache.keys.empty() ? Shape{} : cache.keys[0].shape();
  const Shape wanted_shape{ids.size(0), config.n_head, cache.capacity, config.n_embd / config.n_head};
  ensure(static_cast<int64_t>(cache.keys.size()) == config.n_layer && (cache.keys.empty() || held == wanted_shape),
         "next_scores: the cache must hold ", config.n_layer, " layers of ", to_string(wanted_shape), ", but holds ",
         cache.keys.size(), " of ", to_string(held));
  ensure(cache.length + ids.size(1) <= cache.capacity, "next_scores: the cache has room for ", cache.capacity,
         " rows, but ", cache.length, " and ", ids.size(1), " are given");
  const Tensor x = dynamic_cast<GPT2Model&>(*find_child("transformer")).run(ids, Tensor(), &cache);
  const Tensor scores = (*find_child("lm_head"))(select(x, 1, ids.size(1) - 1));
  TensorList wanted{scores};
  wanted.insert(wanted.end(), cache.keys.begin(), cache.keys.end());
  wanted.insert(wanted.end(), cache.values.begin(), cache.values.end());
  evaluate(wanted);
  return scores;
}

KeyValueCache GPT2LMHeadModel::make_cache(int64_t batch, int64_t capacity) const {
  ensure(batch >= 1, "KeyValueCache: batch must be at least 1, but is ", batch);
  ensure(capacity >= 1 && capacity <= config.n_positions, "KeyValueCache: capacity must be from 1 to the ",
         config.n_positions, " positions of the model, but is ", capacity);
  return {config.n_layer, batch, config.n_head, capacity, config.n_embd / config.n_head, get_parameter("lm_head.weight").dtype()};
}

Tensor GPT2LMHeadModel::generate(const Tensor& ids, const GenerateOptions& options) {
  check(options, ids, config);
  struct Evaluating {
    explicit Evaluating(Module& m) : module(m), before(m.training) { module.eval(); }
    ~Evaluating() { module.train(before); }
    Module& module;
    bool before;
  } evaluating(*this);
  const int64_t batch = ids.size(0), given = ids.size(1), last = given + options.max_new_tokens,
                vocabulary = config.vocab_size;
  constexpr int64_t block = 64;  // texts of nearly one length share plans
  KeyValueCache cache = make_cache(batch, std::min((last + block - 1) / block * block, config.n_positions));
  std::vector<int64_t> tokens = cast(ids, DType::int64).to_vector<int64_t>();
  std::vector<std::vector<int64_t>> rows(static_cast<size_t>(batch));
  for (int64_t b = 0; b < batch; ++b)
    rows[static_cast<size_t>(b)].assign(tokens.begin() + b * given, tokens.begin() + (b + 1) * given);
  std::vector<bool> ended(static_cast<size_t>(batch), false);
  Draws draws(options.seed);
  Tensor next = ids;
  for (int64_t step = given; step < last; ++step) {
    const std::vector<float> scores = cast(next_scores(next, cache), DType::float32).to_vector<float>();
    draws.step();
    std::vector<int64_t> drawn(static_cast<size_t>(batch));
    for (int64_t b = 0; b < batch; ++b) {
      const auto at = static_cast<size_t>(b);
      drawn[at] =
          ended[at] ? *options.end_token : draw(scores.data() + b * vocabulary, vocabulary, options, draws.uniform(b));
      if (options.end_token && drawn[at] == *options.end_token) ended[at] = true;
      rows[at].push_back(drawn[at]);
    }
    if (options.on_tokens && !options.on_tokens(Tensor::from_vector(drawn, {batch}))) break;
    if (std::find(ended.begin(), ended.end(), false) == ended.end()) break;
    next = Tensor::from_vector(drawn, {batch, 1});
  }
  tokens.clear();
  for (const auto& row : rows) tokens.insert(tokens.end(), row.begin(), row.end());
  return Tensor::from_vector(tokens, {batch, static_cast<int64_t>(rows[0].size())});
}

}  // namespace deepseek::models
