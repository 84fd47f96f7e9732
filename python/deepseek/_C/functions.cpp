// The table of functions: from the library's records to what calls need.
#include "functions.h"

#include <algorithm>
#include <unordered_map>

#include "errors.h"

#include "deepseek/graph/operators.h"

namespace deepseek::python {
namespace {

Function* read_record(const FunctionRecord& record) {
  auto* f = new Function;  // lives as long as the program, as the record does
  f->entry = record.entry;
  f->facts = record.facts;
  f->name = std::string(record.entry->name);
  const std::vector<ParameterText> texts = split_parameters(record.entry->params);
  DEEPSEEK_CHECK(texts.size() == record.entry->kinds.size(), "parameters of ", f->name);
  for (size_t i = 0; i < texts.size(); ++i) {
    const ParameterText& text = texts[i];
    Parameter p{PyUnicode_InternFromString(text.name.c_str()),
                text.name,
                record.entry->kinds[i],
                record.entry->optional[i],
                text.has_default,
                {},
                nullptr};
    if (text.has_default && !parse_default(text.standard, p.kind, &p.standard)) {
      raise_internal("parse_default", __FILE__, __LINE__,
                     concat("default of ", f->name, "'s ", text.name, ": ", text.standard));
    }
    p.shown = to_python(p.standard);
    f->params.push_back(std::move(p));
  }
  while (f->required < static_cast<int>(f->params.size()) && !f->params[static_cast<size_t>(f->required)].has_default)
    ++f->required;
  const auto takes_number = [](ParamKind k) {
    return k == ParamKind::integer || k == ParamKind::number || k == ParamKind::tensor || k == ParamKind::ints ||
           k == ParamKind::padding;
  };
  for (size_t i = 0; i < f->params.size() && i < 2; ++i) {
    const ParamKind kind = f->params[i].kind;
    if (i == 1 && f->params[0].kind != ParamKind::tensor && f->params[0].kind != ParamKind::string) break;
    const bool last = i + 1 == f->params.size();
    const bool rest = kind == ParamKind::tensors
                          ? last || i == 0
                          : kind == ParamKind::ints && (last || !takes_number(f->params[i + 1].kind));
    if (rest) f->spread = static_cast<int>(i);
    if (kind != ParamKind::tensor && kind != ParamKind::string) break;
  }
  const auto has = [f](auto condition) { return std::any_of(f->params.begin(), f->params.end(), condition); };
  const bool from_tensors = !f->params.empty() && (f->params[0].kind == ParamKind::tensor || f->params[0].kind == ParamKind::tensors);
  f->creates = f->name.starts_with("new_") || has([](const Parameter& p) { return p.text == "requires_grad"; }) ||
               (!from_tensors && has([](const Parameter& p) { return p.kind == ParamKind::dtype; }));
  f->layouts = f->name.ends_with("_like") || f->name == "clone" || f->name == "contiguous";
  return f;
}

}  // namespace

const std::vector<Function*>& functions() {
  static const auto& table = *new std::vector<Function*>([] {
    std::vector<Function*> all;
    for (const FunctionRecord& record : all_functions()) all.push_back(read_record(record));
    return all;
  }());
  return table;
}

const Function* find_function(std::string_view name) {
  static const auto& index = *new std::unordered_map<std::string_view, const Function*>([] {
    std::unordered_map<std::string_view, const Function*> map;
    for (const Function* f : functions()) map.emplace(f->name, f);
    return map;
  }());
  const auto it = index.find(name);
  return it == index.end() ? nullptr : it->second;
}

PyObject* to_python(const Argument& a) {
  struct Visitor {
    PyObject* operator()(std::monostate) const { Py_RETURN_NONE; }
    PyObject* operator()(const Tensor& t) const {
      if (!t.defined()) Py_RETURN_NONE;
      if (t.dtype() == DType::bool_) return PyBool_FromLong(t.item<bool>());
      return is_floating_point(t.dtype()) ? PyFloat_FromDouble(t.item<double>())
                                          : PyLong_FromLongLong(t.item<int64_t>());
    }
    PyObject* operator()(const TensorList&) const { return PyTuple_New(0); }
    PyObject* operator()(int64_t v) const { return PyLong_FromLongLong(v); }
    PyObject* operator()(double v) const { return PyFloat_FromDouble(v); }
    PyObject* operator()(bool v) const { return PyBool_FromLong(v); }
    PyObject* operator()(const std::string& v) const {
      return PyUnicode_FromStringAndSize(v.data(), static_cast<Py_ssize_t>(v.size()));
    }
    PyObject* operator()(DType v) const { return wrap(v); }
    PyObject* operator()(const Dims& v) const {
      if (v.empty()) Py_RETURN_NONE;  // all dims, or what the function takes for it
      return v.size() == 1 ? PyLong_FromLongLong(v[0]) : wrap(v);
    }
    PyObject* operator()(const Sections& v) const { return v.number ? PyLong_FromLongLong(*v.number) : wrap(Dims(v.list)); }
    PyObject* operator()(const Padding& v) const { return v.mode.empty() ? (*this)(v.sizes) : (*this)(v.mode); }
  };
  return std::visit(Visitor(), a);
}

PyObject* wrap(Result&& result) {
  if (auto* t = std::get_if<Tensor>(&result)) return wrap(std::move(*t));
  auto& list = std::get<TensorList>(result);
  PyObject* tuple = PyTuple_New(static_cast<Py_ssize_t>(list.size()));
  for (size_t i = 0; tuple && i < list.size(); ++i) {
    PyObject* o = wrap(std::move(list[i]));
    if (!o) return Py_DECREF(tuple), nullptr;
    PyTuple_SET_ITEM(tuple, static_cast<Py_ssize_t>(i), o);
  }
  return tuple;
}

void assign_in_place(const Function& f, Tensor& target, const Tensor& value) {
  if (kind_of(value.dtype()) > kind_of(target.dtype())) {
    raise_type(f.name, "_: the result is ", name_of(value.dtype()), ", which cannot be written into a tensor of ",
               name_of(target.dtype()), "; use x = ", f.name, "(x, ...) instead");
  }
  ensure(value.shape() == target.shape(), f.name, "_: the result has shape ", to_string(value.shape()),
         ", which cannot be written into a tensor of shape ", to_string(target.shape()));
  target.assign(value);
}

namespace {

// `n` arguments are given, the others take their defaults.
void fill_defaults(const Function& f, Arguments& args, size_t n) {
  for (size_t i = n; i < f.params.size(); ++i) args[i] = f.params[i].standard;
}

}  // namespace

PyObject* call_unary(const Function& f, PyObject* a) {
  return guarded(static_cast<PyObject*>(nullptr), [&] {
    Arguments args(f.params.size());
    args[0] = tensor_of(a);
    fill_defaults(f, args, 1);
    return wrap(f.entry->call(args.span()));
  });
}

Tensor call_function(std::string_view name, std::initializer_list<Argument> args) {
  const Function* f = find_function(name);
  if (!f) raise(ErrorKind::not_implemented, concat("deepseek has no function ", name));
  std::vector<Argument> all(args);
  for (size_t i = all.size(); i < f->params.size(); ++i) all.push_back(f->params[i].standard);
  return std::get<Tensor>(f->entry->call(all));
}

Tensor apply_binary(const Function& f, const Tensor& a, const Tensor& b) {
  Arguments args(f.params.size());
  args[0] = a;
  args[1] = b;
  fill_defaults(f, args, 2);
  return std::get<Tensor>(f.entry->call(args.span()));
}

PyObject* call_binary(const Function& f, PyObject* a, PyObject* b) {
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    Tensor x, y;
    if (!to_tensor(a, &x) || !to_tensor(b, &y)) Py_RETURN_NOTIMPLEMENTED;
    return wrap(apply_binary(f, x, y));
  });
}

}  // namespace deepseek::python
