#include "tree.h"

#include "errors.h"
#include "tensor.h"

namespace deepseek::python {
namespace {

std::string text_of(nb::handle s) {
  Py_ssize_t n = 0;
  const char* p = PyUnicode_AsUTF8AndSize(s.ptr(), &n);
  if (!p) throw nb::python_error();
  return {p, static_cast<size_t>(n)};
}

int64_t integer_of(nb::handle o, const std::string& path) {
  int overflow = 0;
  const long long v = PyLong_AsLongLongAndOverflow(o.ptr(), &overflow);
  if (overflow) raise_value("'", path, "' is an integer that does not fit in 64 bits");
  if (v == -1 && PyErr_Occurred()) throw nb::python_error();
  return v;
}

std::string join(const std::string& path, const std::string& key) { return path.empty() ? key : path + "." + key; }

std::vector<Tree> items_of(nb::handle sequence, const std::string& path) {
  std::vector<Tree> out;
  size_t i = 0;
  for (nb::handle item : sequence) out.push_back(to_tree(item, join(path, std::to_string(i++))));
  return out;
}

Tree dict_of(nb::handle mapping, const std::string& path) {
  TreeDict d;
  for (nb::handle item : nb::steal(checked(PyMapping_Items(mapping.ptr())))) {
    const nb::handle key = item[0], value = item[1];
    if (PyUnicode_Check(key.ptr())) d.keys.emplace_back(text_of(key));
    else if (PyLong_Check(key.ptr()) && !PyBool_Check(key.ptr())) d.keys.emplace_back(integer_of(key, path));
    else raise_type("keys of '", path, "' must be strings or integers, but one is ", Py_TYPE(key.ptr())->tp_name);
    const std::string name = d.keys.back().index() ? std::get<std::string>(d.keys.back()) : std::to_string(std::get<int64_t>(d.keys.back()));
    d.values.push_back(to_tree(value, join(path, name)));
  }
  return d;
}

nb::list list_of(const std::vector<Tree>& items) {
  nb::list out;
  for (const Tree& t : items) out.append(from_tree(t));
  return out;
}

struct Depth {
  Depth() {
    if (Py_EnterRecursiveCall(" in a nested object")) throw nb::python_error();
  }
  ~Depth() { Py_LeaveRecursiveCall(); }
};

}  // namespace

Tree to_tree(nb::handle o, const std::string& path) {
  const Depth depth;
  PyObject* p = o.ptr();
  if (o.is_none()) return {};
  if (is_tensor(p)) return tensor_of(p);
  if (PyBool_Check(p)) return p == Py_True;
  if (PyLong_Check(p)) return integer_of(o, path);
  if (PyFloat_Check(p)) return PyFloat_AsDouble(p);
  if (PyUnicode_Check(p)) return text_of(o);
  if (PyList_Check(p)) return TreeList{items_of(o, path)};
  if (PyTuple_Check(p)) return TreeTuple{items_of(o, path)};
  if (PyDict_Check(p) || nb::hasattr(o, "items")) return dict_of(o, path);
  if (PyIndex_Check(p)) return integer_of(nb::steal(checked(PyNumber_Index(p))), path);
  if (Tensor t; to_tensor(p, &t)) return t;
  raise_type("'", path, "' is of type ", Py_TYPE(p)->tp_name,
             "; only tensors, arrays, numbers, strings, None and lists, tuples and dicts of these can be stored");
}

nb::object from_tree(const Tree& t) {
  struct Visitor {
    nb::object operator()(std::monostate) const { return nb::none(); }
    nb::object operator()(bool v) const { return nb::bool_(v); }
    nb::object operator()(int64_t v) const { return nb::int_(v); }
    nb::object operator()(double v) const { return nb::float_(v); }
    nb::object operator()(const std::string& v) const { return nb::str(v.data(), v.size()); }
    nb::object operator()(const Tensor& v) const { return nb::steal(checked(wrap(v))); }
    nb::object operator()(const TreeList& v) const { return list_of(v.items); }
    nb::object operator()(const TreeTuple& v) const { return nb::tuple(list_of(v.items)); }
    nb::object operator()(const TreeDict& v) const {
      nb::dict d;
      for (size_t i = 0; i < v.keys.size(); ++i) {
        const nb::object key = v.keys[i].index() ? (*this)(std::get<std::string>(v.keys[i])) : (*this)(std::get<int64_t>(v.keys[i]));
        d[key] = from_tree(v.values[i]);
      }
      return d;
    }
  };
  return std::visit(Visitor{}, t.variant());
}

void materialize(Tree& tree) {
  if (const auto* t = std::get_if<Tensor>(&tree.variant())) {
    if (t->defined()) tree = Tree(t->contiguous_leaf());
  } else if (tree.is<TreeList>() || tree.is<TreeTuple>()) {
    std::vector<Tree> items = tree.items("list");
    for (Tree& t : items) materialize(t);
    tree = tree.is<TreeList>() ? Tree(TreeList{std::move(items)}) : Tree(TreeTuple{std::move(items)});
  } else if (tree.is<TreeDict>()) {
    TreeDict d = tree.dict("dict");
    for (Tree& t : d.values) materialize(t);
    tree = std::move(d);
  }
}

void materialize(NamedTensors& tensors) {
  for (auto& [name, t] : tensors) {
    if (t.defined()) t = t.contiguous_leaf();
  }
}

nb::dict to_dict(const NamedTensors& tensors) {
  nb::dict d;
  for (const auto& [name, t] : tensors) d[nb::str(name.data(), name.size())] = nb::steal(checked(wrap(t)));
  return d;
}

NamedTensors to_named_tensors(nb::handle mapping, const char* who) {
  const Tree t = to_tree(mapping, who);
  if (!t.is<TreeDict>()) raise_type(who, " needs a dict of tensors, but got ", t.kind());
  const TreeDict& d = t.dict(who);
  NamedTensors out;
  for (size_t i = 0; i < d.keys.size(); ++i) {
    const auto* name = std::get_if<std::string>(&d.keys[i]);
    if (!name) raise_type(who, ": names must be strings, but one is ", std::get<int64_t>(d.keys[i]));
    out.emplace_back(*name, d.values[i].tensor(concat(who, ": '", *name, "'")));
  }
  return out;
}

}  // namespace deepseek::python
