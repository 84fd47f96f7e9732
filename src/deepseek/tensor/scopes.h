// Thread-local modes. Each is a scope: the constructor sets, the destructor restores.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>

#include "deepseek/tensor/dtype.h"
#include "deepseek/tensor/thread_local.h"

namespace deepseek {

struct Modes {
  bool grad = true;         // record what backward needs
  bool inference = false;   // results can never enter autograd
  bool shape_only = false;  // layers are being probed: no state may change
  DType default_dtype = DType::float32;
};
DEEPSEEK_NEAR inline thread_local Modes modes;

// Anomaly mode: name the op when NaN or Inf appears. Of the whole process, since users switch it on once.
inline std::atomic<bool> anomaly_mode = false;

// Sets one member of `modes` for a block: ScopedMode no_grad(modes.grad, false).
template <class T>
class ScopedMode {
 public:
  ScopedMode(T& slot, T value) : slot_(slot), saved_(slot) { slot_ = value; }
  ~ScopedMode() { slot_ = saved_; }
  ScopedMode(const ScopedMode&) = delete;
  ScopedMode& operator=(const ScopedMode&) = delete;

 private:
  T& slot_;
  T saved_;
};

struct NoGradGuard : ScopedMode<bool> {
  NoGradGuard() : ScopedMode(modes.grad, false) {}
};
struct EnableGradGuard : ScopedMode<bool> {
  EnableGradGuard() : ScopedMode(modes.grad, true) {}
};
struct InferenceModeGuard {
  NoGradGuard no_grad;
  ScopedMode<bool> inference{modes.inference, true};
};

// The path of the layers being called, e.g. "ResNet.layer1.0.conv1"; recorded nodes, errors and the profiler read it.
// Paths are interned, so a node keeps one pointer.
class LayerScope {
 public:
  explicit LayerScope(const std::string& name);
  ~LayerScope() { current_ = outer_; }
  LayerScope(const LayerScope&) = delete;
  LayerScope& operator=(const LayerScope&) = delete;
  static const std::string* current() { return current_; }  // null outside all layers

 private:
  friend class OriginScope;
  const std::string* outer_;
  DEEPSEEK_NEAR static inline thread_local const std::string* current_ = nullptr;
};

// The user's line that is being executed. The Python front end installs the provider; C++ programs may push an OriginScope.
struct SourceLine {
  const void* code = nullptr;  // a key that `describe` understands; null when unknown
  int32_t position = 0;
  bool backward = false;       // recorded by the gradient rule of an op at this line
};
struct SourceProvider {
  SourceLine (*current)() = nullptr;
  std::string (*describe)(SourceLine) = nullptr;  // "train.py:12"
};
inline SourceProvider source_provider;

// What is recorded inside belongs to a given line and layer: the nodes of a gradient belong where the op was recorded.
class OriginScope {
 public:
  OriginScope() : outer_(current_), outer_layer_(LayerScope::current_) {}
  OriginScope(SourceLine line, const std::string* layer) : OriginScope() { set(line, layer); }
  ~OriginScope() {
    current_ = outer_;
    LayerScope::current_ = outer_layer_;
  }
  OriginScope(const OriginScope&) = delete;
  OriginScope& operator=(const OriginScope&) = delete;
  void set(SourceLine line, const std::string* layer) {
    line_ = line;
    current_ = &line_;
    LayerScope::current_ = layer;
  }
  static const SourceLine* current() { return current_; }

 private:
  SourceLine line_;
  const SourceLine* outer_;
  const std::string* outer_layer_;
  DEEPSEEK_NEAR static inline thread_local const SourceLine* current_ = nullptr;
};

inline SourceLine current_source_line() {
  if (const SourceLine* line = OriginScope::current()) return *line;
  return source_provider.current ? source_provider.current() : SourceLine{};
}
std::string describe(SourceLine);

// Around what may take long or wait for another thread: evaluation and the gradient walk enter it before they take the graph
// lock. Python gives its own lock back meanwhile; nobody may wait for the graph lock while holding it.
struct BlockingHooks {
  void* (*enter)() = nullptr;
  void (*leave)(void*) = nullptr;
};
inline BlockingHooks blocking_hooks;
class BlockingScope {
 public:
  BlockingScope() : state_(blocking_hooks.enter ? blocking_hooks.enter() : nullptr) {}
  ~BlockingScope() {
    if (state_) blocking_hooks.leave(state_);
  }
  BlockingScope(const BlockingScope&) = delete;
  BlockingScope& operator=(const BlockingScope&) = delete;

 private:
  void* state_;
};

}  // namespace deepseek
