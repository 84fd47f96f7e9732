// Public functions of the library as Python callables, made from their records.
#pragma once
#include <new>
#include <span>
#include <string>
#include <vector>

#include "tensor.h"

#include "deepseek/ops/function.h"

namespace deepseek::python {

struct Parameter {
  PyObject* name;  // interned
  std::string text;
  ParamKind kind;
  bool optional;  // std::optional: None means absent
  bool has_default;
  Argument standard;  // the default
  PyObject* shown;    // the default as signatures show it
};

struct Function {
  const FunctionEntry* entry = nullptr;
  const FunctionFacts* facts = nullptr;
  std::string name;
  std::vector<Parameter> params;
  int required = 0;
  int spread = -1;       // the parameter that takes the rest of the positional arguments: reshape(x, 2, 3)
  bool creates = false;  // takes device= as torch's creation functions do
  bool layouts = false;  // takes memory_format= as torch's copies do
};

// The function of a record by name; null when there is none.
const Function* find_function(std::string_view name);
const std::vector<Function*>& functions();

inline constexpr size_t max_params = 24;

// The arguments of one call; only as many are constructed as the function has.
class Arguments {
 public:
  explicit Arguments(size_t n) : n_(n) {
    for (size_t i = 0; i < n; ++i) new (at(i)) Argument;
  }
  ~Arguments() {
    for (size_t i = 0; i < n_; ++i) at(i)->~Argument();
  }
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;
  Argument& operator[](size_t i) { return *at(i); }
  std::span<Argument> span() { return {at(0), n_}; }

 private:
  Argument* at(size_t i) { return reinterpret_cast<Argument*>(bytes_) + i; }
  size_t n_;
  alignas(Argument) std::byte bytes_[max_params * sizeof(Argument)];
};

bool convert(const Parameter& p, PyObject* o, Argument* out);
// The default of a parameter from its C++ text; false when the text is not understood.
bool parse_default(const std::string& text, ParamKind kind, Argument* out);
// Splits the text of a signature into names and defaults.
struct ParameterText {
  std::string name, standard;
  bool has_default = false;
};
std::vector<ParameterText> split_parameters(std::string_view text);
PyObject* to_python(const Argument& a);

// A callable for one function (new reference). In place, it assigns the result to the first argument and returns that.
PyObject* new_callable(const Function& f, const std::string& name, bool in_place);

// Calls the function with its leading arguments given, the others at their defaults.
PyObject* call_unary(const Function& f, PyObject* a);
// NotImplemented when an operand is nothing like a tensor.
PyObject* call_binary(const Function& f, PyObject* a, PyObject* b);
// Calls a function of the library by name, its other parameters at their defaults.
Tensor call_function(std::string_view name, std::initializer_list<Argument> args);
Tensor apply_binary(const Function& f, const Tensor& a, const Tensor& b);

PyObject* wrap(Result&& result);
// Writes `value` into `target` as x += y does: refuses to turn integers into floats or to change the shape.
void assign_in_place(const Function& f, Tensor& target, const Tensor& value);

}  // namespace deepseek::python
