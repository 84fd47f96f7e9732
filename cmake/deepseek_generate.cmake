# deepseek/ops.h and the registry of ops are derived from the DEEPSEEK_FUNCTION lines in src/deepseek/ops.
# The script rewrites an output only when its content changes, so editing the body of an op rebuilds that op alone.
find_package(Python3 3.8 COMPONENTS Interpreter REQUIRED)
set(DEEPSEEK_GENERATED_DIR "${PROJECT_BINARY_DIR}/generated")
set(DEEPSEEK_GENERATED_SOURCES)
file(GLOB_RECURSE op_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/ops/*.cpp")
if(op_sources)
  set(_script "${PROJECT_SOURCE_DIR}/tools/generate_ops.py")
  set(_header "${DEEPSEEK_GENERATED_DIR}/deepseek/ops.h")
  set(_registry "${DEEPSEEK_GENERATED_DIR}/ops_registry.cpp")
  set(_stamp "${DEEPSEEK_GENERATED_DIR}/ops.stamp")
  add_custom_command(
    OUTPUT "${_stamp}"
    BYPRODUCTS "${_header}" "${_registry}"
    COMMAND "${Python3_EXECUTABLE}" "${_script}" --ops "${CMAKE_CURRENT_SOURCE_DIR}/ops"
            --header "${_header}" --registry "${_registry}" --stamp "${_stamp}"
    DEPENDS "${_script}" ${op_sources}
    COMMENT "Collecting ops"
    VERBATIM)
  list(APPEND DEEPSEEK_GENERATED_SOURCES "${_stamp}" "${_header}" "${_registry}")
endif()
