// Nested data that files and state_dict() exchange: numbers, strings, tensors, lists, tuples and dicts of these.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "deepseek/graph/tensor.h"

namespace deepseek {

class Tree;
using TreeKey = std::variant<int64_t, std::string>;

struct TreeList {
  std::vector<Tree> items;
};
struct TreeTuple {
  std::vector<Tree> items;
};
// Keeps the order of insertion; looking up is linear, since dicts here are small or walked as a whole.
struct TreeDict {
  std::vector<TreeKey> keys;
  std::vector<Tree> values;
};

class Tree {
 public:
  using Variant = std::variant<std::monostate, bool, int64_t, double, std::string, Tensor, TreeList, TreeTuple, TreeDict>;

  Tree() = default;
  Tree(bool v) : value_(v) {}
  Tree(int v) : value_(static_cast<int64_t>(v)) {}
  Tree(int64_t v) : value_(v) {}
  Tree(double v) : value_(v) {}
  Tree(const char* v) : value_(std::string(v)) {}
  Tree(std::string v) : value_(std::move(v)) {}
  Tree(Tensor v) : value_(std::move(v)) {}
  Tree(TreeList v) : value_(std::move(v)) {}
  Tree(TreeTuple v) : value_(std::move(v)) {}
  Tree(TreeDict v) : value_(std::move(v)) {}
  Tree(const std::vector<double>& v);

  const Variant& variant() const { return value_; }
  template <class T>
  bool is() const {
    return std::holds_alternative<T>(value_);
  }
  bool is_none() const { return is<std::monostate>(); }
  std::string_view kind() const;  // "an integer", "a dict", ...

  // Typed access; `what` names the value in the error that another type raises.
  bool boolean(std::string_view what) const;
  int64_t integer(std::string_view what) const;
  double number(std::string_view what) const;  // integers and one-element tensors too
  const std::string& string(std::string_view what) const;
  const Tensor& tensor(std::string_view what) const;
  const TreeDict& dict(std::string_view what) const;
  const std::vector<Tree>& items(std::string_view what) const;  // of a list or a tuple
  std::vector<double> numbers(std::string_view what) const;

  // Dicts. at() raises a KeyError that names the key; find() returns null.
  const Tree* find(const TreeKey& key) const;
  const Tree& at(const TreeKey& key, std::string_view what) const;
  void set(TreeKey key, Tree value);  // turns an empty tree into a dict

 private:
  Variant value_;
};

// Named tensors in order, as Module::state_dict() and safetensors files hold them.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

}  // namespace deepseek
