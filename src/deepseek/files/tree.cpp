#include "deepseek/files/tree.h"

namespace deepseek {
namespace {

std::string describe_key(const TreeKey& key) {
  if (const auto* s = std::get_if<std::string>(&key)) return "'" + *s + "'";
  return std::to_string(std::get<int64_t>(key));
}

[[noreturn]] void wrong(std::string_view what, std::string_view wanted, const Tree& t) {
  raise_type(what, " must be ", wanted, ", but it is ", t.kind());
}

}  // namespace

Tree::Tree(const std::vector<double>& v) {
  TreeList list;
  for (double x : v) list.items.emplace_back(x);
  value_ = std::move(list);
}

std::string_view Tree::kind() const {
  static constexpr std::string_view names[] = {"None",    "a bool", "an integer", "a number", "a string",
                                               "a tensor", "a list", "a tuple",    "a dict"};
  return names[value_.index()];
}

bool Tree::boolean(std::string_view what) const {
  if (const bool* v = std::get_if<bool>(&value_)) return *v;
  if (const int64_t* v = std::get_if<int64_t>(&value_); v && (*v == 0 || *v == 1)) return *v == 1;
  wrong(what, "a bool", *this);
}

int64_t Tree::integer(std::string_view what) const {
  if (const int64_t* v = std::get_if<int64_t>(&value_)) return *v;
  if (const double* v = std::get_if<double>(&value_); v && *v == static_cast<double>(static_cast<int64_t>(*v))) {
    return static_cast<int64_t>(*v);
  }
  wrong(what, "an integer", *this);
}

double Tree::number(std::string_view what) const {
  if (const double* v = std::get_if<double>(&value_)) return *v;
  if (const int64_t* v = std::get_if<int64_t>(&value_)) return static_cast<double>(*v);
  if (const Tensor* v = std::get_if<Tensor>(&value_); v && v->defined() && v->numel() == 1) return v->item();
  wrong(what, "a number", *this);
}

const std::string& Tree::string(std::string_view what) const {
  if (const auto* v = std::get_if<std::string>(&value_)) return *v;
  wrong(what, "a string", *this);
}

const Tensor& Tree::tensor(std::string_view what) const {
  if (const auto* v = std::get_if<Tensor>(&value_)) return *v;
  wrong(what, "a tensor", *this);
}

const TreeDict& Tree::dict(std::string_view what) const {
  if (const auto* v = std::get_if<TreeDict>(&value_)) return *v;
  wrong(what, "a dict", *this);
}

const std::vector<Tree>& Tree::items(std::string_view what) const {
  if (const auto* v = std::get_if<TreeList>(&value_)) return v->items;
  if (const auto* v = std::get_if<TreeTuple>(&value_)) return v->items;
  wrong(what, "a list", *this);
}

std::vector<double> Tree::numbers(std::string_view what) const {
  std::vector<double> out;
  for (const Tree& t : items(what)) out.push_back(t.number(what));
  return out;
}

const Tree* Tree::find(const TreeKey& key) const {
  const auto* d = std::get_if<TreeDict>(&value_);
  if (!d) return nullptr;
  for (size_t i = 0; i < d->keys.size(); ++i) {
    if (d->keys[i] == key) return &d->values[i];
  }
  return nullptr;
}

const Tree& Tree::at(const TreeKey& key, std::string_view what) const {
  dict(what);
  if (const Tree* t = find(key)) return *t;
  raise(ErrorKind::key, concat(what, " has no entry ", describe_key(key)));
}

void Tree::set(TreeKey key, Tree value) {
  if (is_none()) value_ = TreeDict{};
  auto& d = std::get<TreeDict>(value_);
  for (size_t i = 0; i < d.keys.size(); ++i) {
    if (d.keys[i] == key) {
      d.values[i] = std::move(value);
      return;
    }
  }
  d.keys.push_back(std::move(key));
  d.values.push_back(std::move(value));
}

}  // namespace deepseek
