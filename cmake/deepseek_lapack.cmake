# Where LAPACK lies: OpenBLAS of the Python package scipy-openblas32. It is opened at the first use of linear algebra, so nothing
# is linked; builds that stay on this machine remember the folder, wheels find it beside themselves.
set(_python "${Python3_EXECUTABLE}")
if(Python_EXECUTABLE)
  set(_python "${Python_EXECUTABLE}")
endif()
if(NOT _python)
  find_package(Python3 COMPONENTS Interpreter QUIET)
  set(_python "${Python3_EXECUTABLE}")
endif()
set(DEEPSEEK_LAPACK_LIBDIR "")
if(_python)
  execute_process(
    COMMAND "${_python}" -c "
import importlib.metadata as m
for f in m.distribution('scipy-openblas32').files:
    if f.name == 'libscipy_openblas.so': print(f.locate().resolve().parent.as_posix())"
    OUTPUT_VARIABLE DEEPSEEK_LAPACK_LIBDIR OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(DEEPSEEK_LAPACK_LIBDIR)
  message(STATUS "LAPACK: ${DEEPSEEK_LAPACK_LIBDIR}/libscipy_openblas.so")
else()
  message(STATUS "LAPACK: not found; linear algebra needs `pip install scipy-openblas32`")
endif()
