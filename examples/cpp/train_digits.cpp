// Trains a convolutional network on handwritten digits, saves it, and lets a new process load it and read digits; the same
// program as examples/train_digits.py.
//
//   train_digits                       1,797 digits of 8x8 pixels from examples/data
//   train_digits --data FOLDER         MNIST's four idx files (plain or .gz) in FOLDER or FOLDER/mnist
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "deepseek/data/loader.h"
#include "deepseek/data/mnist.h"
#include "deepseek/files/save.h"
#include "deepseek/graph/operators.h"
#include "deepseek/nn.h"
#include "deepseek/ops.h"
#include "deepseek/ops/random/generator.h"
#include "deepseek/optim/lr_scheduler.h"
#include "deepseek/optim/optimizers.h"
#include "deepseek/runtime/parallel.h"

namespace ds = deepseek;
namespace nn = deepseek::nn;
namespace fs = std::filesystem;

namespace {

struct Arguments {
  std::string data = std::getenv("DEEPSEEK_DATA") ? std::getenv("DEEPSEEK_DATA") : "";
  std::string output = "output";
  std::string predict;  // weights to load; nothing is trained then
  int64_t epochs = 0, batch_size = 64, seed = 0, threads = 0, workers = 1;
  double lr = 4e-3;
};

Arguments parse(int argc, char** argv) {
  Arguments a;
  const std::string usage = "usage: train_digits [--data FOLDER] [--epochs N] [--batch-size N] [--lr X] [--seed N] [--threads N] "
                            "[--workers N] [--output FOLDER] [--predict WEIGHTS]";
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    ds::ensure(i + 1 < argc, name == "--help" ? usage : name + " needs a value\n" + usage);
    const std::string value = argv[i + 1];
    const auto number = [&](double low) {
      char* end = nullptr;
      const double v = std::strtod(value.c_str(), &end);
      ds::ensure(!value.empty() && *end == '\0' && v >= low, name, " must be a number of at least ", low, ", but it is '", value, "'");
      return v;
    };
    if (name == "--data") a.data = value;
    else if (name == "--output") a.output = value;
    else if (name == "--predict") a.predict = value;
    else if (name == "--epochs") a.epochs = static_cast<int64_t>(number(1));
    else if (name == "--batch-size") a.batch_size = static_cast<int64_t>(number(1));
    else if (name == "--seed") a.seed = static_cast<int64_t>(number(0));
    else if (name == "--threads") a.threads = static_cast<int64_t>(number(1));
    else if (name == "--workers") a.workers = static_cast<int64_t>(number(0));
    else if (name == "--lr") a.lr = number(0);
    else ds::raise_value("unknown argument '", name, "'\n", usage);
  }
  return a;
}

// Images uint8 (N, H, W) and labels int64 (N).
struct Digits {
  std::shared_ptr<ds::data::TensorDataset> training, test;
};

Digits load_data(const Arguments& a) {
  using ds::data::TensorDataset;
  if (!a.data.empty()) {
    const fs::path below = fs::path(a.data) / "mnist";
    const std::string folder = fs::is_directory(below) ? below.string() : a.data;
    const auto one = [&](bool train) {
      const ds::data::Images m = ds::data::mnist(folder, train);
      return std::make_shared<TensorDataset>(ds::TensorList{m.images, m.labels});
    };
    return {one(true), one(false)};
  }
  const std::string folder = (fs::path(__FILE__).parent_path().parent_path() / "data").string();
  const ds::data::Images digits = ds::data::load_idx_images(folder, "digits");
  const std::vector<int64_t> order = ds::data::permutation(digits.images.size(0), 0, 0);
  const auto part = [&](size_t begin, size_t end) {
    const std::span<const int64_t> chosen(order.data() + begin, end - begin);
    return std::make_shared<TensorDataset>(
        ds::TensorList{ds::data::gather_rows(digits.images, chosen), ds::data::gather_rows(digits.labels, chosen)});
  };
  return {part(0, 1437), part(1437, order.size())};
}

// Two or three convolutions, then two dense layers; input channels and widths are learnt at the first call.
ds::Ref<nn::Sequential> make_model(int64_t size) {
  auto model = nn::make<nn::Sequential>();
  const auto add = [&](auto layer) { model->append(ds::Ref<nn::Module>(layer.get())); };
  const bool small = size < 16;
  const std::vector<int64_t> widths = small ? std::vector<int64_t>{32, 64} : std::vector<int64_t>{32, 64, 64};
  for (size_t i = 0; i < widths.size(); ++i) {
    add(nn::make<nn::Conv2d>(widths[i], 3, nn::ConvOptions{.padding = "same", .bias = false}));
    add(nn::make<nn::BatchNorm2d>());
    add(nn::make<nn::ReLU>());
    if (small || i != 1) add(nn::make<nn::MaxPool2d>(2));
  }
  add(nn::make<nn::Flatten>());
  add(nn::make<nn::Linear>(128));
  add(nn::make<nn::ReLU>());
  add(nn::make<nn::Dropout>(0.3));
  add(nn::make<nn::Linear>(10));
  return model;
}

// uint8 (N, H, W) to float32 (N, 1, H, W) around zero.
ds::Tensor prepare(const ds::Tensor& images) {
  const double largest = images.size(-1) == 8 ? 16 : 255;
  return ds::unsqueeze(ds::to(images, ds::DType::float32) / largest - 0.13, 1) / 0.31;
}

struct Reading {
  double accuracy = 0;
  std::vector<int64_t> digits;
  std::vector<float> certainties;
};

Reading evaluate(nn::Module& model, const std::shared_ptr<ds::data::TensorDataset>& dataset) {
  ds::NoGradGuard no_grad;
  model.eval();
  Reading r;
  int64_t right = 0;
  ds::data::DataLoader loader(dataset, {.batch_size = 500});
  for (const ds::TensorList& batch : loader) {
    const ds::Tensor p = ds::softmax(model(prepare(batch[0])), 1);
    const ds::Tensor digit = ds::argmax(p, 1), certainty = ds::amax(p, {1});
    ds::evaluate({digit, certainty});
    const auto truth = batch[1].to_vector<int64_t>(), read = digit.to_vector<int64_t>();
    const auto sure = certainty.to_vector<float>();
    for (size_t i = 0; i < read.size(); ++i) right += read[i] == truth[i];
    r.digits.insert(r.digits.end(), read.begin(), read.end());
    r.certainties.insert(r.certainties.end(), sure.begin(), sure.end());
  }
  r.accuracy = static_cast<double>(right) / static_cast<double>(dataset->size());
  return r;
}

// The first image as characters, and what is read in the first ones.
void show(const ds::data::TensorDataset& test, const Reading& r) {
  const auto images = test.tensors()[0].to_vector<uint8_t>();
  const auto labels = test.tensors()[1].to_vector<int64_t>();
  const int64_t size = test.tensors()[0].size(-1), shown = size == 8 ? 8 : 4;
  const int largest = size == 8 ? 16 : 255;
  for (int64_t row = 0; row < size; ++row) {
    std::string line;
    for (int64_t k = 0; k < shown; ++k) {
      for (int64_t col = 0; col < size; ++col) {
        const int v = images[static_cast<size_t>((k * size + row) * size + col)];
        line += " .:-=+*#%@"[v * 9 / largest];
      }
      line += "  ";
    }
    std::puts(line.c_str());
  }
  for (int64_t k = 0; k < shown; ++k) {
    const auto i = static_cast<size_t>(k);
    std::printf("read %lld (%.0f %%), is %lld%s\n", static_cast<long long>(r.digits[i]), 100.0 * r.certainties[i],
                static_cast<long long>(labels[i]), r.digits[i] == labels[i] ? "" : "   <- wrong");
  }
}

void train(const Arguments& a, const char* program) {
  ds::manual_seed(a.seed);
  const Digits digits = load_data(a);
  const int64_t size = digits.training->tensors()[0].size(-1), epochs = a.epochs ? a.epochs : size == 28 ? 5 : 20;
  ds::data::DataLoader loader(digits.training, {.batch_size = a.batch_size, .shuffle = true, .num_workers = static_cast<int>(a.workers),
                                                .seed = static_cast<uint64_t>(a.seed)});
  auto model = make_model(size);
  const std::vector<int64_t> two{0, 1};
  (*model)(prepare(ds::data::gather_rows(digits.training->tensors()[0], two)));  // the first call makes the parameters
  auto optimizer = std::make_shared<ds::optim::AdamW>(model->parameters(), ds::optim::AdamWOptions{.lr = a.lr, .weight_decay = 1e-2});
  ds::optim::lr_scheduler::OneCycleLR schedule(optimizer, {a.lr}, {.total_steps = epochs * loader.size() + 1});
  int64_t parameters = 0;
  for (const ds::Tensor& p : model->parameters()) parameters += p.numel();
  std::printf("%lld training and %lld test images of %lldx%lld, %lld parameters, %d threads\n",
              static_cast<long long>(digits.training->size()), static_cast<long long>(digits.test->size()), static_cast<long long>(size),
              static_cast<long long>(size), static_cast<long long>(parameters), ds::num_threads());

  fs::create_directories(a.output);
  std::ofstream history(fs::path(a.output) / "history.csv");
  history << "step,loss\n";
  double accuracy = 0;
  int64_t step = 0;
  const bool terminal = isatty(STDOUT_FILENO);
  for (int64_t epoch = 1; epoch <= epochs; ++epoch) {
    model->train();
    const auto start = std::chrono::steady_clock::now();
    double loss_sum = 0;
    int64_t right = 0, seen = 0, done = 0;
    const auto text = [&] {
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      const double n = static_cast<double>(seen);
      char line[160];
      std::snprintf(line, sizeof line, "epoch %2lld/%lld loss %.4f  accuracy %5.2f %%  %6.0f images/s", static_cast<long long>(epoch),
                    static_cast<long long>(epochs), loss_sum / n, 100.0 * static_cast<double>(right) / n, n / seconds);
      return std::string(line);
    };
    for (const ds::TensorList& batch : loader) {
      const ds::Tensor logits = (*model)(prepare(batch[0]));
      const ds::Tensor loss = ds::cross_entropy(logits, batch[1], std::nullopt, -100, "mean", 0.05);
      const ds::Tensor hits = ds::sum(ds::argmax(logits, 1) == batch[1]);
      optimizer->zero_grad();
      loss.backward();
      optimizer->step();  // forward, backward and update run here, as one plan
      schedule.step();
      const int64_t n = batch[1].numel();
      history << ++step << ',' << loss.item() << '\n';
      loss_sum += loss.item() * static_cast<double>(n);
      right += hits.item<int64_t>();
      seen += n;
      if (terminal && ++done % 5 == 0) {
        const auto filled = static_cast<size_t>(24 * done / loader.size());
        std::printf("\r[%s%s] %s", std::string(filled, '#').c_str(), std::string(24 - filled, '.').c_str(), text().c_str());
        std::fflush(stdout);
      }
    }
    accuracy = evaluate(*model, digits.test).accuracy;
    std::printf("%s%s  test %.2f %%%s\n", terminal ? "\r" : "", text().c_str(), 100 * accuracy, terminal ? std::string(30, ' ').c_str() : "");
  }
  const std::string weights = (fs::path(a.output) / "weights.safetensors").string();
  ds::save(model->state_dict(), weights);
  std::printf("test accuracy %.2f %%, saved as %s; a new process loads it:\n", 100 * accuracy, weights.c_str());
  std::fflush(stdout);
  execl("/proc/self/exe", program, "--predict", weights.c_str(), "--data", a.data.c_str(), "--output", a.output.c_str(), nullptr);
  ds::raise_runtime("could not start a new process");
}

void predict(const Arguments& a) {
  const Digits digits = load_data(a);
  auto model = make_model(digits.test->tensors()[0].size(-1));
  const ds::Tree state = ds::load(a.predict);
  nn::StateDict named;
  const ds::TreeDict& entries = state.dict("the weights");
  for (size_t i = 0; i < entries.keys.size(); ++i) {
    named.emplace_back(std::get<std::string>(entries.keys[i]), entries.values[i].tensor("a weight"));
  }
  model->load_state_dict(named);
  const Reading r = evaluate(*model, digits.test);
  show(*digits.test, r);
  std::printf("loaded %s: %.2f %% of %lld test images read rightly\n", a.predict.c_str(), 100 * r.accuracy,
              static_cast<long long>(digits.test->size()));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Arguments arguments = parse(argc, argv);
    if (arguments.threads) ds::set_num_threads(static_cast<int>(arguments.threads));
    if (arguments.predict.empty()) train(arguments, argv[0]);
    else predict(arguments);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
