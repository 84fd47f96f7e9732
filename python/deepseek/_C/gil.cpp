#include "gil.h"

#include <mutex>
#include <vector>

#include "deepseek/tensor/scopes.h"

namespace deepseek::python {
namespace {

std::mutex queue_mutex;
std::vector<PyObject*>& queue = *new std::vector<PyObject*>;  // used until the last thread ends

// The interpreter is on its way down, in this thread, and still frees objects.
bool ending() {
#if PY_VERSION_HEX >= 0x030D0000
  return PyThreadState_GetUnchecked() != nullptr;
#else
  return _PyThreadState_UncheckedGet() != nullptr;
#endif
}

int drop_queued(void*) {
  std::vector<PyObject*> taken;
  {
    std::lock_guard lock(queue_mutex);
    taken.swap(queue);
  }
  for (PyObject* o : taken) Py_DECREF(o);
  return 0;
}

}  // namespace

void drop(PyObject* o) {
  if (!o) return;
  if (!Py_IsInitialized()) {
    if (ending()) Py_DECREF(o);
    return;
  }
  if (PyGILState_Check()) {
    Py_DECREF(o);
    return;
  }
  bool first = false;
  {
    std::lock_guard lock(queue_mutex);
    first = queue.empty();
    queue.push_back(o);
  }
  // Python's list of pending calls is short; when it is full, the next object that is queued asks again.
  if (first) Py_AddPendingCall(drop_queued, nullptr);
}

DEEPSEEK_BINDING(gil, 11) {
  blocking_hooks.leave = [](void* state) {
    PyEval_RestoreThread(static_cast<PyThreadState*>(state));
    if (!queue.empty()) drop_queued(nullptr);
  };
  blocking_hooks.enter = []() -> void* {
    return Py_IsInitialized() && PyGILState_Check() ? PyEval_SaveThread() : nullptr;
  };
}

}  // namespace deepseek::python
