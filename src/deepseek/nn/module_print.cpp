// What a module shows of itself: repr and summary.
#include <cxxabi.h>

#include <cstdlib>
#include <iomanip>
#include <memory>
#include <unordered_set>

#include "deepseek/nn/module.h"
#include "deepseek/nn/symbolic.h"

namespace deepseek::nn {

std::string Module::type_name() const {
  if (python_self() && python_hooks.type_name) return python_hooks.type_name(*this);
  std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(typeid(*this).name(), nullptr, nullptr, nullptr), &std::free);
  std::string name = text ? text.get() : "Module";
  if (size_t open = name.find('<'); open != std::string::npos) name.resize(open);
  if (size_t colon = name.rfind("::"); colon != std::string::npos) name.erase(0, colon + 2);
  return name;
}

namespace {

std::string describe(const Module& m) {
  return m.python_describes && python_hooks.extra_repr ? python_hooks.extra_repr(m) : m.extra_repr();
}

void write(std::ostream& os, const Module& m, int indent) {
  os << m.type_name() << '(';
  std::string extra = describe(m);
  if (m.named_children().empty()) {
    os << extra << ')';
    return;
  }
  const std::string margin(static_cast<size_t>(indent) + 2, ' ');
  os << '\n';
  if (!extra.empty()) os << margin << extra << '\n';
  for (const auto& [name, child] : m.named_children()) {
    os << margin << '(' << name << "): ";
    if (child) write(os, *child, indent + 2);
    else os << "None";
    os << '\n';
  }
  os << std::string(static_cast<size_t>(indent), ' ') << ')';
}

struct Row {
  std::string layer, shape;
  int64_t parameters = 0;
};

std::string with_commas(int64_t n) {
  std::string s = std::to_string(n);
  for (int i = static_cast<int>(s.size()) - 3; i > 0; i -= 3) s.insert(s.begin() + i, ',');
  return s;
}

struct Summary : CallObserver {
  std::vector<Row> rows;
  std::vector<size_t> open;
  std::unordered_set<const TensorImpl*> counted;
  int64_t total = 0, trainable = 0;

  void enter(Module& m) override {
    const std::string type = m.type_name(), name = open.empty() ? type : m.scope_name();
    rows.push_back({std::string(open.size() * 2, ' ') + name + (name == type ? "" : " (" + type + ")"), "", 0});
    open.push_back(rows.size() - 1);
  }
  void leave(Module& m, const TensorList& outputs) override {
    Row& row = rows[open.back()];
    open.pop_back();
    for (const Tensor& t : outputs) row.shape += (row.shape.empty() ? "" : ", ") + symbolic_shape(t.shape());
    for (const auto& [name, t] : m.own_parameters()) {
      if (t.defined()) row.parameters += count(t);
    }
  }
  int64_t count(const Tensor& t) {
    if (!counted.insert(t.impl()).second) return 0;
    total += t.numel();
    if (t.requires_grad()) trainable += t.numel();
    return t.numel();
  }
};

}  // namespace

std::string Module::repr() const {
  std::ostringstream os;
  write(os, *this, 0);
  return os.str();
}

std::string Module::summary(const TensorList& example) {
  Summary table;
  {
    NoGradGuard no_grad;
    ScopedMode shape_only(modes.shape_only, true);
    ScopedMode<CallObserver*> observer(call_observer, &table);
    TensorList probes;
    for (const Tensor& t : example) probes.push_back(probe(t.spec()));
    call(probes);
  }
  for (const Tensor& p : parameters()) table.count(p);  // those of modules that were not called
  size_t layer = 5, shape = 12, count = 10;
  for (const Row& r : table.rows) {
    layer = std::max(layer, r.layer.size()), shape = std::max(shape, r.shape.size());
    count = std::max(count, with_commas(r.parameters).size());
  }
  std::ostringstream os;
  auto line = [&](const std::string& a, const std::string& b, const std::string& c) {
    os << std::left << std::setw(static_cast<int>(layer) + 2) << a << std::setw(static_cast<int>(shape) + 2) << b << std::right
       << std::setw(static_cast<int>(count)) << c << '\n';
  };
  const std::string rule(layer + shape + count + 4, '-');
  line("Layer", "Output shape", "Parameters");
  os << rule << '\n';
  for (const Row& r : table.rows) line(r.layer, r.shape, r.parameters ? with_commas(r.parameters) : "-");
  os << rule << '\n';
  os << "Parameters: " << with_commas(table.total) << " (" << with_commas(table.trainable) << " trainable)\n";
  return os.str();
}

}  // namespace deepseek::nn
