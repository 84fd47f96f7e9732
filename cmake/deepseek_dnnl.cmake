# Finds oneDNN 3: on CMAKE_PREFIX_PATH first, else where Python's package metadata says the wheel put it
# (which also holds inside pip's isolated builds, where no prefix path points there).
find_package(dnnl 3 CONFIG QUIET)
if(NOT dnnl_FOUND)
  find_package(Python3 COMPONENTS Interpreter QUIET)
  set(_python "${Python3_EXECUTABLE}")
  if(Python_EXECUTABLE)
    set(_python "${Python_EXECUTABLE}")
  endif()
  if(_python)
    execute_process(
      COMMAND "${_python}" -c "
import importlib.metadata as m
for f in m.distribution('onednn-devel-cpu-gomp').files:
    if f.name == 'dnnl-config.cmake': print(f.locate().resolve().parent.as_posix())"
      OUTPUT_VARIABLE _dnnl_dir OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(_dnnl_dir)
      set(dnnl_DIR "${_dnnl_dir}" CACHE PATH "Folder of dnnl-config.cmake" FORCE)
      find_package(dnnl 3 CONFIG QUIET)
    endif()
  endif()
endif()
if(NOT dnnl_FOUND)
  message(FATAL_ERROR
    "oneDNN 3 was not found. Cure: pip install onednn-cpu-gomp==2023.2.0 onednn-devel-cpu-gomp==2023.2.0 "
    "and configure with -DCMAKE_PREFIX_PATH=<that environment>, or run `make` in the project's root, which does both.")
endif()
get_target_property(DEEPSEEK_DNNL_LIBRARY DNNL::dnnl LOCATION)
get_filename_component(DEEPSEEK_DNNL_LIBDIR "${DEEPSEEK_DNNL_LIBRARY}" DIRECTORY)
message(STATUS "oneDNN: ${DEEPSEEK_DNNL_LIBRARY}")
