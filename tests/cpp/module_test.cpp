#include <cmath>

#include "deepseek/autograd/grad.h"
#include "deepseek/graph/operators.h"
#include "deepseek/models/cifar_resnet.h"
#include "deepseek/models/digits_net.h"
#include "deepseek/models/lenet.h"
#include "deepseek/models/luna.h"
#include "deepseek/models/mobilenet_v2.h"
#include "deepseek/models/resnet.h"
#include "deepseek/models/unet3d.h"
#include "deepseek/nn/activation.h"
#include "deepseek/nn/init.h"
#include "deepseek/nn/linear.h"
#include "deepseek/nn/model.h"
#include "deepseek/nn/norm.h"
#include "deepseek/nn/sequential.h"
#include "deepseek/ops.h"
#include "deepseek/ops/random/generator.h"
#include "gtest/gtest.h"

using namespace deepseek;

namespace {

struct Net : nn::Module {
  nn::Child<nn::Linear> hidden = add<nn::Linear>("hidden", 8);
  nn::Child<nn::Linear> out = add<nn::Linear>("out", 3);
  Tensor forward(const Tensor& x) override { return out(relu(hidden(x))); }
};

std::string message(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::vector<std::string> names(const nn::NamedTensors& tensors) {
  std::vector<std::string> out;
  for (const auto& [name, t] : tensors) out.push_back(name);
  return out;
}

}  // namespace

TEST(Module, LearnsWidthsAndTrains) {
  auto net = nn::make<Net>();
  EXPECT_TRUE(has(message([&] { net->parameters(); }), "not been called yet"));
  const Tensor x = randn({4, 5});
  const Tensor y = (*net)(x);
  EXPECT_EQ(y.shape(), (Shape{4, 3}));
  EXPECT_EQ(names(net->named_parameters()), (std::vector<std::string>{"hidden.weight", "hidden.bias", "out.weight", "out.bias"}));
  sum(y * y).backward();
  for (const Tensor& p : net->parameters()) EXPECT_TRUE(p.grad().defined());
  const std::string wrong = message([&] { (*net)(randn({4, 6})); });
  EXPECT_TRUE(has(wrong, "5 features") && has(wrong, "(4, 6)") && has(wrong, "Net.hidden"));
}

TEST(Module, StateGoesFromOneToAnother) {
  auto a = nn::make<Net>(), b = nn::make<Net>();
  const Tensor x = randn({2, 5});
  const std::vector<float> want = (*a)(x).to_vector<float>();
  b->load_state_dict(a->state_dict());  // b takes its widths from the state
  EXPECT_EQ((*b)(x).to_vector<float>(), want);
  nn::StateDict bad = a->state_dict();
  bad.pop_back();
  bad.emplace_back("other", x);
  bad[0].second = randn({8, 7});
  const std::string problem = message([&] { b->load_state_dict(bad); });
  EXPECT_TRUE(has(problem, "missing in the state: out.bias"));
  EXPECT_TRUE(has(problem, "unexpected in the state: other"));
  EXPECT_TRUE(has(problem, "hidden.weight: the module has (8, 5), the state has (8, 7)"));
  bad[0].second = a->state_dict()[0].second;
  EXPECT_EQ(b->load_state_dict(bad, false).missing, (std::vector<std::string>{"out.bias"}));
}

TEST(Module, SharedModulesAreListedOnce) {
  auto shared = nn::make<nn::Linear>(4, nn::LinearOptions{.in_features = 4});
  auto net = nn::make<nn::Sequential>(shared, nn::make<nn::ReLU>(), shared);
  EXPECT_EQ(net->parameters().size(), 2u);
  EXPECT_EQ(net->named_modules().size(), 3u);
  EXPECT_EQ(net->state_dict().size(), 4u);
}

TEST(Module, HooksSeeAndReplace) {
  auto layer = nn::make<nn::Linear>(2, nn::LinearOptions{.in_features = 2});
  int calls = 0;
  const int pre = layer->register_forward_pre_hook([&](nn::Module&, TensorList& in) { in[0] = in[0] * 0.0; });
  layer->register_forward_hook([&](nn::Module&, const TensorList&, TensorList& out) { ++calls, out[0] = out[0] + 1.0; });
  const std::vector<float> bias = layer->parameter("bias").to_vector<float>();
  const std::vector<float> y = (*layer)(randn({1, 2})).to_vector<float>();
  EXPECT_NEAR(y[0], bias[0] + 1, 1e-6);
  layer->remove_hook(pre);
  (*layer)(randn({1, 2}));
  EXPECT_EQ(calls, 2);
}

TEST(Module, ConvertsInPlace) {
  auto layer = nn::make<nn::Linear>(2, nn::LinearOptions{.in_features = 3});
  const Tensor weight = layer->parameter("weight");
  layer->to(DType::float64);
  EXPECT_EQ(weight.dtype(), DType::float64);  // the same handle
  EXPECT_TRUE(weight.requires_grad());
  const Tensor y = (*layer)(randn({1, 3}, DType::float64));
  EXPECT_EQ(y.dtype(), DType::float64);
  sum(y).backward();
  EXPECT_EQ(weight.grad().dtype(), DType::float64);
}

TEST(BatchNorm, TracksAsTorchDoes) {
  auto layer = nn::make<nn::BatchNorm2d>();
  const Tensor x = randn({4, 2, 3, 3}) * 2.0 + 1.0;
  const std::vector<float> v = x.to_vector<float>();
  double mean = 0, square = 0;
  for (int n = 0; n < 4; ++n) {
    for (int i = 0; i < 9; ++i) mean += v[static_cast<size_t>(n * 18 + i)];
  }
  mean /= 36;
  for (int n = 0; n < 4; ++n) {
    for (int i = 0; i < 9; ++i) square += std::pow(v[static_cast<size_t>(n * 18 + i)] - mean, 2);
  }
  (*layer)(x);
  EXPECT_NEAR(layer->buffer("running_mean").to_vector<float>()[0], 0.1 * mean, 1e-5);
  EXPECT_NEAR(layer->buffer("running_var").to_vector<float>()[0], 0.9 + 0.1 * square / 35, 1e-4);
  EXPECT_EQ(layer->buffer("num_batches_tracked").item<int64_t>(), 1);
  layer->eval();
  (*layer)(x);
  EXPECT_EQ(layer->buffer("num_batches_tracked").item<int64_t>(), 1);
}

TEST(Init, Ranges) {
  manual_seed(1);
  Tensor w = zeros({64, 32});
  nn::init::kaiming_uniform_(w, std::sqrt(5.0));
  const double bound = 1 / std::sqrt(32.0);
  const double largest = amax(abs(w), {}).item();
  EXPECT_TRUE(largest <= bound && largest > 0.95 * bound);
  nn::init::orthogonal_(w);
  const std::vector<float> gram = matmul(transpose(w, 0, 1), w).to_vector<float>();
  for (int i = 0; i < 32; ++i) {
    for (int j = 0; j < 32; ++j) EXPECT_NEAR(gram[static_cast<size_t>(i * 32 + j)], i == j ? 1.0 : 0.0, 1e-5);
  }
  nn::init::trunc_normal_(w, 0, 1, -0.5, 0.5);
  EXPECT_TRUE(amax(abs(w), {}).item() <= 0.5);
}

TEST(Model, ReplaysAnyBatch) {
  const Tensor x = nn::Input({4, 6});
  auto layer = nn::make<nn::Linear>(6);
  const Tensor h = (*layer)(x);
  const Tensor flat = reshape(h + x, {-1, 24});
  auto model = nn::make<nn::Model>(x, (*layer)(reshape(flat, {h.size(0), 4, 6})));  // one layer, called twice
  EXPECT_EQ(model->parameters().size(), 2u);
  for (int64_t batch : {1, 3, 7}) {
    const Tensor in = randn({batch, 4, 6});
    const Tensor want = (*layer)((*layer)(in) + in);
    EXPECT_EQ((*model)(in).to_vector<float>(), want.to_vector<float>());
  }
  EXPECT_TRUE(has(message([&] { (*model)(randn({2, 5, 6})); }), "must be (None, 4, 6)"));
}

TEST(Models, ResNet50InThreeWays) {
  auto a = models::resnet50(10);
  auto b = models::resnet50_sequential(10);
  auto c = models::resnet50_functional(10, {3, 32, 32});
  const auto count = [](const nn::Module& m) {
    int64_t n = 0;
    for (const Tensor& p : m.parameters()) n += p.numel();
    return n;
  };
  // 25,557,032 with 1000 classes: the last layer has 2048 * 990 weights and 990 biases more.
  for (const nn::Module* m : {static_cast<nn::Module*>(a.get()), static_cast<nn::Module*>(b.get()), static_cast<nn::Module*>(c.get())}) {
    EXPECT_EQ(count(*m), 25557032 - 2049 * 990);
  }
  const nn::StateDict state = a->state_dict();
  for (nn::Module* m : {static_cast<nn::Module*>(b.get()), static_cast<nn::Module*>(c.get())}) {
    nn::StateDict renamed = m->state_dict();
    ASSERT_EQ(renamed.size(), state.size());
    for (size_t i = 0; i < state.size(); ++i) renamed[i].second = state[i].second;
    m->load_state_dict(renamed);
    m->eval();
  }
  a->eval();
  NoGradGuard no_grad;
  const Tensor x = randn({2, 3, 32, 32});
  const std::vector<float> want = (*a)(x).to_vector<float>();
  for (nn::Module* m : {static_cast<nn::Module*>(b.get()), static_cast<nn::Module*>(c.get())}) {
    const std::vector<float> got = (*m)(x).to_vector<float>();
    for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-4 * (1 + std::abs(want[i])));
  }
}

TEST(Models, NumbersOfParametersAndNames) {
  const auto count = [](const auto& m) {
    int64_t n = 0;
    for (const Tensor& p : m->parameters()) n += p.numel();
    return n;
  };
  EXPECT_EQ(count(models::resnet18()), 11689512);
  EXPECT_EQ(count(models::mobilenet_v2()), 3504872);
  EXPECT_EQ(count(models::lenet()), 61706);
  EXPECT_EQ(count(models::resnet20()), 269722);
  EXPECT_EQ(count(models::unet3d()), 1401265);
  EXPECT_EQ(count(models::luna_model()), 222220);
  EXPECT_EQ(models::mobilenet_v2(10)->state_dict()[6].first, "features.1.conv.0.0.weight");
}

TEST(Module, DescribesItself) {
  auto net = nn::make<models::DigitsNet>();
  const std::string table = net->summary({nn::Input({1, 28, 28})});
  EXPECT_TRUE(has(table, "(None, 32, 28, 28)") && has(table, "(None, 10)"));
  EXPECT_TRUE(has(table, "Parameters: 421,642"));
  EXPECT_TRUE(has(net->repr(), "(conv1): Conv2d(32, (3, 3), stride=(1, 1), padding='same'"));
}
