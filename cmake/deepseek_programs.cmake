# One program for each .cpp file of a folder; its libraries: deepseek and threads.
function(deepseek_programs folder prefix)
  file(GLOB programs CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.cpp")
  foreach(source IN LISTS programs)
    get_filename_component(name "${source}" NAME_WE)
    add_executable(${prefix}_${name} "${source}")
    target_link_libraries(${prefix}_${name} PRIVATE deepseek::deepseek deepseek_flags)
    set_target_properties(${prefix}_${name} PROPERTIES
      OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/${folder}")
  endforeach()
endfunction()
