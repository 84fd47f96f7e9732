# What find_package(deepseek) needs: library, headers (generated ones too) and package files; `cmake --install` with
# --component development installs just these.
include(CMakePackageConfigHelpers)
set(_config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/deepseek")
install(TARGETS deepseek EXPORT deepseek-targets LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
install(DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/deepseek"
  COMPONENT development FILES_MATCHING PATTERN "*.h" PATTERN "backends/cuda" EXCLUDE)
install(DIRECTORY "${DEEPSEEK_GENERATED_DIR}/deepseek/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/deepseek"
  COMPONENT development FILES_MATCHING PATTERN "*.h")
install(EXPORT deepseek-targets NAMESPACE deepseek:: FILE deepseek-targets.cmake DESTINATION "${_config_dir}"
  COMPONENT development)
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/deepseek-config.cmake.in"
  "${PROJECT_BINARY_DIR}/deepseek-config.cmake" INSTALL_DESTINATION "${_config_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/deepseek-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/deepseek-config.cmake" "${PROJECT_BINARY_DIR}/deepseek-config-version.cmake"
  DESTINATION "${_config_dir}"
  COMPONENT development)
