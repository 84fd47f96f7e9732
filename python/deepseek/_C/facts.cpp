// What the public functions state about themselves, for the tests and the reference.
#include "errors.h"
#include "functions.h"

namespace deepseek::python {
namespace {

nb::str text(std::string_view s) { return nb::str(s.data(), s.size()); }

nb::list texts(const std::vector<std::string_view>& strings) {
  nb::list list;
  for (std::string_view s : strings) list.append(text(s));
  return list;
}

const char* name_of_kind(ParamKind kind) {
  constexpr const char* names[] = {"tensor", "tensors", "integer", "number", "boolean", "string", "dtype", "ints", "padding"};
  return names[static_cast<int>(kind)];
}

nb::object facts_of(const Function& f) {
  if (!f.facts) return nb::none();
  nb::dict d;
  d["in"] = texts(f.facts->in);
  d["reference"] = text(f.facts->reference);
  d["good"] = texts(f.facts->good);
  d["bad"] = texts(f.facts->bad);
  d["check_grad"] = f.facts->check_grad;
  d["tolerance"] = f.facts->tolerance;
  return d;
}

}  // namespace

DEEPSEEK_BINDING(facts, 35) {
  m.def(
      "all_functions",
      [] {
        nb::list list;
        for (const Function* f : functions()) {
          nb::list params;
          for (const Parameter& p : f->params) {
            nb::object standard = p.has_default ? nb::steal(to_python(p.standard)) : nb::none();
            params.append(nb::make_tuple(nb::borrow(p.name), name_of_kind(p.kind), p.has_default, standard));
          }
          nb::dict d;
          d["name"] = f->name;
          d["params"] = params;
          d["doc"] = text(f->entry->doc);
          d["call"] = nb::steal(new_callable(*f, f->name, false));
          d["facts"] = facts_of(*f);
          list.append(d);
        }
        return list;
      },
      "A record of every public function: name, params (name, kind, has_default, default), doc, call, facts.");
}

}  // namespace deepseek::python
