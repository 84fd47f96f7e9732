#include "deepseek/data/mnist.h"

#include <algorithm>
#include <filesystem>

#include "deepseek/files/idx.h"

namespace deepseek::data {
namespace {

std::string find(const std::string& folder, const std::string& name) {
  for (const char* ending : {"", ".gz"}) {
    const auto path = std::filesystem::path(folder) / (name + ending);
    if (std::filesystem::is_regular_file(path)) return path.string();
  }
  raise_io("'", name, "' is not in '", folder, "', neither plain nor as .gz. Cure: put the four idx files of MNIST there");
}

}  // namespace

Images load_idx_images(const std::string& folder, const std::string& prefix, int64_t classes) {
  const std::string image_file = find(folder, prefix + "-images-idx3-ubyte"), label_file = find(folder, prefix + "-labels-idx1-ubyte");
  Images out{files::read_idx(image_file), {}};
  const Tensor labels = files::read_idx(label_file);
  ensure(out.images.rank() == 3 && out.images.dtype() == DType::uint8, "'", image_file, "' holds ", to_string(out.images.spec()),
         ", but images are expected: uint8(N, H, W)");
  ensure(labels.rank() == 1 && labels.dtype() == DType::uint8, "'", label_file, "' holds ", to_string(labels.spec()),
         ", but labels are expected: uint8(N,)");
  ensure(labels.size(0) == out.images.size(0), "'", folder, "' has ", out.images.size(0), " images, but ", labels.size(0), " labels");
  std::vector<int64_t> wide;
  for (uint8_t v : labels.to_vector<uint8_t>()) {
    ensure(v < classes, "'", label_file, "' holds label ", static_cast<int>(v), ", but there are ", classes, " classes");
    wide.push_back(v);
  }
  out.labels = Tensor::from_vector(wide, labels.shape());
  return out;
}

Images mnist(const std::string& folder, bool train) { return load_idx_images(folder, train ? "train" : "t10k"); }

}  // namespace deepseek::data
