#include "deepseek/backends/cpu/lapack/lapack.h"

#include <string>

#include <dlfcn.h>

#include "deepseek/tensor/error.h"

namespace deepseek::lapack {
namespace {

struct Library {
  void* handle;
  int (*threads)();
  void (*set_threads)(int);

  void* symbol(const std::string& name) const {
    void* found = dlsym(handle, name.c_str());
    if (!found) raise_runtime("linalg: libscipy_openblas.so has no ", name, ". Cure: pip install -U scipy-openblas32");
    return found;
  }
  template <class F>
  void take(F*& function, const std::string& name) const {
    function = reinterpret_cast<F*>(symbol(name));
  }
};

const Library& library() {
  static const Library loaded = [] {
    // Found by the run path of this library, which names the package's folder beside ours.
    void* handle = dlopen("libscipy_openblas.so", RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
      raise_runtime(
          "linalg: LAPACK was not found. Cure: pip install scipy-openblas32, or name the folder of "
          "libscipy_openblas.so in LD_LIBRARY_PATH (",
          dlerror(), ")");
    }
    Library l{handle, nullptr, nullptr};
    l.take(l.threads, "scipy_openblas_get_num_threads");
    l.take(l.set_threads, "scipy_openblas_set_num_threads");
    return l;
  }();
  return loaded;
}

template <class T>
Routines<T> load() {
  const Library& l = library();
  const std::string letter = sizeof(T) == 4 ? "s" : "d";
  Routines<T> r;
  l.take(r.gemm, "scipy_cblas_" + letter + "gemm");
  l.take(r.trsm, "scipy_cblas_" + letter + "trsm");
  const auto lapack = [&](auto& function, const char* name) {
    l.take(function, "scipy_LAPACKE_" + letter + name + "_work");
  };
  lapack(r.getrf, "getrf"), lapack(r.getrs, "getrs"), lapack(r.laswp, "laswp"), lapack(r.potrf, "potrf");
  lapack(r.geqrf, "geqrf"), lapack(r.orgqr, "orgqr"), lapack(r.larft, "larft"), lapack(r.larfb, "larfb");
  lapack(r.sytrd, "sytrd"), lapack(r.stedc, "stedc"), lapack(r.ormtr, "ormtr"), lapack(r.sytrf, "sytrf"),
      lapack(r.sytrs, "sytrs");
  lapack(r.gesdd, "gesdd"), lapack(r.syevd, "syevd"), lapack(r.gels, "gels"), lapack(r.gelsy, "gelsy");
  lapack(r.gelss, "gelss"), lapack(r.gelsd, "gelsd");
  return r;
}

}  // namespace

template <class T>
const Routines<T>& routines() {
  static const Routines<T> loaded = load<T>();
  // Others in the process may use the library too, and set its number of threads.
  const Library& l = library();
  if (l.threads() != 1) l.set_threads(1);
  return loaded;
}

template const Routines<float>& routines<float>();
template const Routines<double>& routines<double>();

}  // namespace deepseek::lapack
