#include "deepseek/nn/layer.h"

#include <mutex>

#include "deepseek/graph/rehearsal.h"
#include "deepseek/nn/symbolic.h"

namespace deepseek::nn {

void SizedLayer::set_width(int64_t width) {
  static std::recursive_mutex& building = *new std::recursive_mutex;
  std::unique_lock lock(building, std::try_to_lock);
  if (!lock) {
    BlockingScope blocking;  // the thread that builds may need Python's lock to go on
    lock.lock();
  }
  if (built()) return;
  NoGradGuard no_grad;
  const RehearsalPause in_earnest;
  build(width);
  width_ = width;
  if (in_earnest.paused()) evaluate(parameters());
}

void SizedLayer::learn(const Tensor& input, int dim, std::string_view what) {
  const int64_t width = input.shape()[dim < 0 ? dim + input.rank() : dim];
  ensure(width == 0 || width % open_batch != 0, type_name(), ": the input ", symbolic_shape(input.shape()),
         " has the open batch where the layer expects its ", what);
  if (!built()) set_width(width);
  ensure(width == this->width(), type_name(), ": the layer was made for inputs of ", this->width(), " ", what, ", but the input ",
         to_string(input.shape()), " has ", width);
}

}  // namespace deepseek::nn
