// Shapes and strides: a short list of int64 that never allocates.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace deepseek {

inline constexpr int max_rank = 8;

class Dims {
 public:
  Dims() = default;
  // Dims are part of every recorded node, and most are short: only the bytes that mean something are moved.
  Dims(const Dims& o) { *this = o; }
  Dims& operator=(const Dims& o) {
    size_ = o.size_;
    constexpr int few = 3;  // with the size, half a cache line
    if (size_ <= few) std::copy_n(o.data_.begin(), few, data_.begin());
    else data_ = o.data_;
    return *this;
  }
  Dims(std::initializer_list<int64_t> v) : Dims(std::span<const int64_t>(v.begin(), v.size())) {}
  Dims(std::span<const int64_t> v) {
    if (v.size() > max_rank) too_many(v.size());
    size_ = static_cast<int>(v.size());
    std::copy(v.begin(), v.end(), data_.begin());
  }
  Dims(const std::vector<int64_t>& v) : Dims(std::span<const int64_t>(v)) {}
  static Dims filled(int n, int64_t value) {
    Dims d;
    for (int i = 0; i < n; ++i) d.push_back(value);
    return d;
  }

  int size() const { return size_; }
  bool empty() const { return size_ == 0; }
  int64_t& operator[](int i) { return data_[static_cast<size_t>(i)]; }
  int64_t operator[](int i) const { return data_[static_cast<size_t>(i)]; }
  int64_t& back() { return data_[static_cast<size_t>(size_ - 1)]; }
  int64_t back() const { return data_[static_cast<size_t>(size_ - 1)]; }
  const int64_t* begin() const { return data_.data(); }
  const int64_t* end() const { return data_.data() + size_; }
  int64_t* begin() { return data_.data(); }
  int64_t* end() { return data_.data() + size_; }
  const int64_t* data() const { return data_.data(); }
  std::vector<int64_t> vec() const { return {begin(), end()}; }

  void push_back(int64_t v) {
    if (size_ == max_rank) too_many(static_cast<size_t>(size_) + 1);
    data_[static_cast<size_t>(size_++)] = v;
  }
  void pop_back() { --size_; }
  void insert(int at, int64_t v) {
    push_back(v);
    std::rotate(begin() + at, end() - 1, end());
  }
  void erase(int at) {
    std::copy(begin() + at + 1, end(), begin() + at);
    --size_;
  }
  friend bool operator==(const Dims& a, const Dims& b) {
    return a.size_ == b.size_ && std::equal(a.begin(), a.end(), b.begin());
  }

  // Product of the entries; 1 for a 0-d shape.
  int64_t numel() const {
    int64_t n = 1;
    for (int64_t d : *this) n *= d;
    return n;
  }
  int rank() const { return size_; }

 private:
  [[noreturn]] static void too_many(size_t n);
  int size_ = 0;
  std::array<int64_t, max_rank> data_;
};

using Shape = Dims;
using Strides = Dims;  // in elements

std::string to_string(const Dims&);  // "(2, 3)", "(2,)", "()"

Strides contiguous_strides(const Shape&);
bool is_contiguous(const Shape&, const Strides&);  // row-major; dims of size 1 and empty tensors do not matter

// Row-major strides over a permuted order: order[0] is the outermost dim in memory.
Strides strides_for_order(const Shape&, const Dims& order);

// torch's broadcasting; `op` names the caller in the error.
Shape broadcast(const Shape& a, const Shape& b, std::string_view op);
bool broadcastable_to(const Shape& from, const Shape& to);

// Turns dim in [-rank, rank) into [0, rank), or raises IndexError. A 0-d tensor accepts -1 and 0.
int wrap_dim(int64_t dim, int rank, std::string_view op);

struct ShapeHash {
  size_t operator()(const Dims& d) const {
    uint64_t h = 0x9e3779b97f4a7c15ull + static_cast<uint64_t>(d.size());
    for (int64_t v : d) h = (h ^ static_cast<uint64_t>(v)) * 0xff51afd7ed558ccdull, h ^= h >> 32;
    return h;
  }
};

}  // namespace deepseek
