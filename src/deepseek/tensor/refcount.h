// Intrusive reference counting: one pointer per handle, the count lives in the object.
#pragma once
#include <atomic>
#include <cstdint>
#include <utility>

namespace deepseek {

class RefCount {
 public:
  void retain() const { count_.fetch_add(1, std::memory_order_relaxed); }
  // True when nobody is left. The last holder need not write: nobody else can add to a count of one.
  [[nodiscard]] bool release() const {
    return count_.load(std::memory_order_acquire) == 1 || count_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }
  int value() const { return count_.load(std::memory_order_acquire); }
  // Of a fresh object that nobody else can see: the count that Ref::adopt takes over.
  void start() const { count_.store(1, std::memory_order_relaxed); }

 private:
  mutable std::atomic<int> count_{0};
};

// A pointer to an object that has `void retain() const` and `void release() const`.
template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(T* p) : p_(p) {
    if (p_) p_->retain();
  }
  Ref(const Ref& o) : Ref(o.p_) {}
  Ref(Ref&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  Ref& operator=(Ref o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  ~Ref() {
    if (p_) p_->release();
  }

  // A fresh RefCounted object, without the cost of counting in memory that others may share.
  static Ref first(T* p) {
    p->start_count();
    return adopt(p);
  }
  // Takes over a count that the caller already owns.
  static Ref adopt(T* p) {
    Ref r;
    r.p_ = p;
    return r;
  }
  // Gives the count to the caller.
  [[nodiscard]] T* detach() { return std::exchange(p_, nullptr); }

  T* get() const { return p_; }
  T* operator->() const { return p_; }
  T& operator*() const { return *p_; }
  explicit operator bool() const { return p_ != nullptr; }
  friend bool operator==(const Ref& a, const Ref& b) { return a.p_ == b.p_; }

 private:
  T* p_ = nullptr;
};

// Base for objects deleted through their virtual destructor when the last handle goes.
class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;
  virtual ~RefCounted() = default;
  void retain() const { refs_.retain(); }
  void release() const {
    if (refs_.release()) delete this;
  }
  int use_count() const { return refs_.value(); }
  void start_count() const { refs_.start(); }

 private:
  RefCount refs_;
};

}  // namespace deepseek
