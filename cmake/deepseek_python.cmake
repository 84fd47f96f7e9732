# The extension module deepseek._C from python/deepseek/_C.
file(GLOB_RECURSE extension_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/python/deepseek/_C/*.cpp")
if(NOT extension_sources)
  message(STATUS "Python extension: no sources, skipped")
  return()
endif()
find_package(Python 3.10 REQUIRED COMPONENTS Interpreter Development.Module)
find_package(nanobind CONFIG QUIET)
if(NOT nanobind_FOUND)
  execute_process(COMMAND "${Python_EXECUTABLE}" -m nanobind --cmake_dir
    OUTPUT_VARIABLE nanobind_DIR OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  find_package(nanobind CONFIG QUIET)
endif()
if(NOT nanobind_FOUND)
  message(FATAL_ERROR "nanobind was not found for ${Python_EXECUTABLE}. Cure: ${Python_EXECUTABLE} -m pip install nanobind")
endif()

# One extension only, so nanobind's support code is linked into it.
nanobind_add_module(deepseek_python NB_STATIC NOMINSIZE ${extension_sources})
# Visible, against nanobind's default: the modes of a thread are inline variables that the module shares with the library.
target_precompile_headers(deepseek_python PRIVATE
  <nanobind/nanobind.h> <nanobind/stl/string.h> <nanobind/stl/vector.h> "${PROJECT_SOURCE_DIR}/python/deepseek/_C/tensor.h")
set_target_properties(deepseek_python PROPERTIES
  OUTPUT_NAME _C
  CXX_VISIBILITY_PRESET default
  BUILD_RPATH "${PROJECT_BINARY_DIR}/src/deepseek;${DEEPSEEK_DNNL_LIBDIR}"
  INSTALL_RPATH "$ORIGIN;$ORIGIN/../../..")
target_link_libraries(deepseek_python PRIVATE deepseek::deepseek deepseek_flags)
install(TARGETS deepseek_python LIBRARY DESTINATION deepseek COMPONENT python)

# Type stubs are written by asking the extension what it holds. A sanitised one cannot be loaded by a plain interpreter.
if(NOT DEEPSEEK_SANITIZE)
  add_custom_command(TARGET deepseek_python POST_BUILD
    COMMAND "${Python_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/tools/generate_stubs.py"
            "$<TARGET_FILE:deepseek_python>" "${PROJECT_BINARY_DIR}/stubs"
    COMMENT "Writing type stubs"
    VERBATIM)
  install(DIRECTORY "${PROJECT_BINARY_DIR}/stubs/" DESTINATION deepseek COMPONENT python)
endif()
