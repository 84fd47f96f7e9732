// Python objects that are held by C++ parts which may run, copy or drop them while Python's lock is not held.
#pragma once
#include <memory>
#include <utility>

#include "binding.h"

namespace deepseek::python {

// Drops a count from any thread. Never waits for Python's lock: without it the object is queued, and dropped soon after
// by a thread that has it. (A thread that evaluates holds the graph lock, and must not wait here for one that waits for
// that.)
void drop(PyObject* o);

// A shared count on an object, for captures of std::function.
class SharedObject {
 public:
  explicit SharedObject(nb::object o) : object_(o.release().ptr(), drop) {}
  PyObject* ptr() const { return object_.get(); }
  nb::handle handle() const { return object_.get(); }

 private:
  std::shared_ptr<PyObject> object_;
};

// Takes Python's lock for a call back into Python.
class WithPython {
 public:
  WithPython() : state_(PyGILState_Ensure()) {}
  ~WithPython() { PyGILState_Release(state_); }
  WithPython(const WithPython&) = delete;
  WithPython& operator=(const WithPython&) = delete;

 private:
  PyGILState_STATE state_;
};

}  // namespace deepseek::python
