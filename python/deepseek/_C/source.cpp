// Which line of the user's program is running, cheaply enough to ask for every recorded op.
#include <array>
#include <string>
#include <unordered_map>

#include "binding.h"
#include <Python.h>
#include <frameobject.h>
#include <unistd.h>

#include "deepseek/tensor/scopes.h"

namespace deepseek::python {
namespace {

// One code object. It is kept alive for ever, since nodes refer to it by this record; there are as many as functions
// that the program calls ops from. A program that makes code without end (exec in a loop) runs into the bound, and from
// then on new code has no lines.
struct Code {
  PyCodeObject* object;
  std::string file;
  bool internal;  // belongs to deepseek itself, the user's line is further out
};
constexpr size_t max_codes = 1 << 16;

std::string package_folder = "\n";  // set by the package; no file starts with this

std::unordered_map<PyCodeObject*, Code>& codes() {
  static auto& map = *new std::unordered_map<PyCodeObject*, Code>;
  return map;
}

const Code* look_up(PyCodeObject* object) {
  auto& map = codes();
  if (auto it = map.find(object); it != map.end()) return &it->second;
  if (map.size() == max_codes) return nullptr;
  const char* file = PyUnicode_AsUTF8(object->co_filename);
  if (!file) PyErr_Clear();
  Code code{object, file ? file : "?", false};
  code.internal = code.file.starts_with(package_folder) || code.file.starts_with("<frozen");
  Py_INCREF(object);
  return &map.emplace(object, std::move(code)).first->second;
}

const Code* code_of(PyFrameObject* frame) {
  struct Entry {
    PyCodeObject* object;
    const Code* code;
  };
  static std::array<Entry, 64> recent{};
  PyCodeObject* object = PyFrame_GetCode(frame);
  Py_DECREF(object);  // the frame keeps it
  Entry& entry = recent[(reinterpret_cast<uintptr_t>(object) >> 5) % recent.size()];
  // A record keeps its code alive, so an equal address is the same code.
  if (entry.object != object) {
    const Code* code = look_up(object);
    if (!code) return nullptr;
    entry = {object, code};
  }
  return entry.code;
}

int32_t position_of(PyFrameObject* frame) {
#if PY_VERSION_HEX >= 0x030B0000
  return PyFrame_GetLasti(frame);
#else
  return PyFrame_GetLineNumber(frame);
#endif
}

SourceLine current() {
  if (!PyGILState_Check()) return {};
  PyThreadState* thread = PyThreadState_Get();
  PyFrameObject* frame = PyThreadState_GetFrame(thread);
  while (frame) {
    const Code* code = code_of(frame);
    if (code && !code->internal) {
      const SourceLine line{code, position_of(frame)};
      Py_DECREF(frame);
      return line;
    }
    PyFrameObject* outer = PyFrame_GetBack(frame);
    Py_DECREF(frame);
    frame = outer;
  }
  return {};
}

// Needs no lock: the record and its code never change.
std::string describe_line(SourceLine line) {
  const Code& code = *static_cast<const Code*>(line.code);
#if PY_VERSION_HEX >= 0x030B0000
  const int number = PyCode_Addr2Line(code.object, line.position);
#else
  const int number = line.position;
#endif
  std::string file = code.file;
  char folder[4096];
  if (getcwd(folder, sizeof folder)) {
    const std::string prefix = std::string(folder) + "/";
    if (file.starts_with(prefix)) file.erase(0, prefix.size());
  }
  return file + ":" + std::to_string(number);
}

}  // namespace

DEEPSEEK_BINDING(source, 12) {
  source_provider = {current, describe_line};
  m.def("set_package_folder", [](const char* folder) { package_folder = std::string(folder) + "/"; });
  m.def(
      "current_line", [] { return nb::str(describe(current_source_line()).c_str()); },
      "The user's line that is running, as errors name it.");
}

}  // namespace deepseek::python
