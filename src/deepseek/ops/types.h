// Argument and result types of public functions.
#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "deepseek/graph/tensor.h"

namespace deepseek {

using IntList = Dims;                 // Python: an int or a sequence of ints
// Dims that may be absent, which is not the same as none; in calls OptionalDims and Dims are written alike: f(x, {0, 1}).
struct OptionalDims : std::optional<Dims> {
  using std::optional<Dims>::optional;
  OptionalDims(std::initializer_list<int64_t> l) : std::optional<Dims>(Dims(l)) {}
};
using OptionalDType = std::optional<DType>;
using OptionalTensor = std::optional<Tensor>;
using Result = std::variant<Tensor, TensorList>;  // TensorList: a tuple in Python

// A convolution's or pool's padding: numbers per spatial dim, or "same" / "valid".
struct Padding {
  Padding(int64_t n) : sizes{n} {}
  Padding(int n) : sizes{n} {}
  Padding(Dims d) : sizes(d) {}
  Padding(std::initializer_list<int64_t> d) : sizes(d) {}
  Padding(std::string m) : mode(std::move(m)) {}
  Padding(const char* m) : mode(m) {}
  Dims sizes;
  std::string mode;  // empty: use sizes
};

// The order of a norm: a number, or a word such as "fro" or "nuc".
struct Order {
  Order(double n) : number(n) {}
  Order(int n) : number(n) {}
  Order(std::string w) : word(std::move(w)) {}
  Order(const char* w) : word(w) {}
  double number = 0;
  std::string word;  // empty: use number
};

// How to cut: into parts of (or into) one number, or by a list of any length. In Python an int or a sequence of ints.
struct Sections {
  Sections(int64_t n) : number(n) {}
  Sections(int n) : number(n) {}
  Sections(std::initializer_list<int64_t> l) : list(l) {}
  Sections(std::vector<int64_t> l) : list(std::move(l)) {}
  std::optional<int64_t> number;
  std::vector<int64_t> list;
};

}  // namespace deepseek
