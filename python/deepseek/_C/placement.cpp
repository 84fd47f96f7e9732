// Where Python shows each function: the tables that the package reads, and the methods of Tensor.
#include <algorithm>

#include "errors.h"
#include "functions.h"

namespace deepseek::python {
namespace {

bool shown_in(const Function& f, std::string_view place) {
  return f.facts && std::find(f.facts->in.begin(), f.facts->in.end(), place) != f.facts->in.end();
}

nb::object callable(const Function& f, const std::string& name, bool in_place) {
  return nb::steal(new_callable(f, name, in_place));
}

// A stand-in for an argument. `kind` is the element type of the second tensor; those after it are numbers, and given
// even where they have a default: clamp(x) alone is refused.
bool sample(const Parameter& p, size_t i, DType kind, Argument* out) {
  const bool number = p.kind == ParamKind::tensor && i > 1;
  if (p.has_default && !(p.kind == ParamKind::tensor && p.optional)) return *out = p.standard, true;
  const auto tensor = [](DType t) { return Tensor::from_storage(Storage::allocate(6 * size_of(t)), t, {2, 3}); };
  switch (p.kind) {
    case ParamKind::tensor:
      return *out = number ? Tensor(0.5) : tensor(i == 0 ? modes.default_dtype : kind), true;
    case ParamKind::integer:
      return *out = static_cast<int64_t>(i - 1), true;
    case ParamKind::number:
      return *out = 0.5, true;
    case ParamKind::boolean:
      return *out = false, true;
    default:
      return false;
  }
}

// Whether the result has the shape of the first argument for plain arguments: then x.f_(...) makes sense. Nothing is
// computed.
bool has_in_place(const Function& f) {
  if (f.params.empty() || f.params[0].kind != ParamKind::tensor || f.params[0].has_default) return false;
  for (const DType kind : {DType::float32, DType::int64, DType::bool_}) {
    try {
      std::vector<Argument> args(f.params.size());
      for (size_t i = 0; i < args.size(); ++i) {
        if (!sample(f.params[i], i, kind, &args[i])) return false;
      }
      const Result result = f.entry->call(args);
      const Tensor* t = std::get_if<Tensor>(&result);
      if (!t || !is_floating_point(t->dtype())) return false;
      if (t->shape() == Shape{2, 3}) return true;
    } catch (const std::exception&) {
    }
  }
  return false;
}

const char* kind_name(ParamKind k) {
  constexpr const char* names[] = {"tensor", "tensors", "integer", "number", "boolean",
                                   "string", "dtype",   "ints",    "padding", "order",  "sections"};
  return names[static_cast<int>(k)];
}

nb::object text(std::string_view s) {
  return nb::str(s.data(), s.size());
}
nb::object texts(const std::vector<std::string_view>& list) {
  nb::list out;
  for (const std::string_view s : list) out.append(text(s));
  return nb::tuple(out);
}

nb::dict describe_function(const Function& f) {
  nb::dict d;
  d["name"] = text(f.name);
  d["params"] = text(f.entry->params);
  d["doc"] = text(f.entry->doc);
  nb::list params;
  for (const Parameter& p : f.params) {
    nb::dict q;
    q["name"] = nb::handle(p.name);
    q["kind"] = kind_name(p.kind);
    q["optional"] = p.optional;
    q["required"] = !p.has_default;
    q["default"] = nb::handle(p.shown);
    params.append(q);
  }
  d["parameters"] = params;
  d["spread"] = f.spread;
  d["creates"] = f.creates;
  d["stated"] = f.facts != nullptr;
  static const FunctionFacts none;
  const FunctionFacts& facts = f.facts ? *f.facts : none;
  d["in"] = texts(facts.in);
  d["reference"] = text(facts.reference);
  d["good"] = texts(facts.good);
  d["bad"] = texts(facts.bad);
  d["check_grad"] = facts.check_grad;
  d["tolerance"] = facts.tolerance;
  return d;
}

}  // namespace

DEEPSEEK_BINDING(placement, 32) {
  nb::handle tensor(reinterpret_cast<PyObject*>(tensor_type));
  nb::dict top, functional, linalg, special, hidden;
  for (const Function* f : functions()) {
    nb::object o = callable(*f, f->name, false);
    const char* name = f->name.c_str();
    const bool in_linalg = shown_in(*f, "linalg"), only_linalg = in_linalg && f->name.starts_with("linalg_");
    if (shown_in(*f, "hidden"))
      hidden[name] = o;
    else if (!only_linalg)
      top[name] = o;
    if (shown_in(*f, "functional")) functional[name] = o;
    if (in_linalg) linalg[only_linalg ? name + 7 : name] = o;
    if (shown_in(*f, "special")) special[name] = o;
    if (!shown_in(*f, "method")) continue;
    // Properties such as Tensor.T come first; a function never replaces one.
    if (!nb::hasattr(tensor, name)) tensor.attr(name) = o;
    const std::string in_place = f->name + "_";
    if (has_in_place(*f) && !nb::hasattr(tensor, in_place.c_str()))
      tensor.attr(in_place.c_str()) = callable(*f, in_place, true);
  }
  nb::dict tables;
  tables["top"] = top;
  tables["functional"] = functional;
  tables["linalg"] = linalg;
  tables["special"] = special;
  tables["hidden"] = hidden;
  m.attr("function_tables") = tables;
  m.def(
      "function",
      [](const char* name) -> nb::object {
        const std::string_view s = name;
        if (const Function* f = find_function(s)) return callable(*f, name, false);
        const Function* f = s.ends_with('_') ? find_function(s.substr(0, s.size() - 1)) : nullptr;
        if (!f) raise(ErrorKind::key, concat("deepseek has no function ", s));
        return callable(*f, name, true);
      },
      "The function of a name, hidden ones too; name_ writes the result into the first argument.");
  m.def(
      "all_functions",
      [] {
        nb::list list;
        for (const Function* f : functions()) list.append(describe_function(*f));
        return list;
      },
      "What every function states about itself: parameters, places, reference, samples.");
}

}  // namespace deepseek::python
