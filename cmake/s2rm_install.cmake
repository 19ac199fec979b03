# Install and export: headers, a relocatable CMake package in share/cmake/s2rm and a relocatable pkg-config file.
# Nothing installed carries an absolute path; tests/consumer holds it to that.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(s2rm_cmake_dir "${CMAKE_INSTALL_DATADIR}/cmake/s2rm")
set(s2rm_pkgconfig_dir "${CMAKE_INSTALL_DATADIR}/pkgconfig")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/s2rm" DESTINATION include FILES_MATCHING PATTERN "*.hpp")
install(TARGETS s2rm EXPORT s2rm)
install(EXPORT s2rm NAMESPACE s2rm:: FILE s2rmTargets.cmake DESTINATION "${s2rm_cmake_dir}")

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/s2rmConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/package/s2rmConfig.cmake" INSTALL_DESTINATION "${s2rm_cmake_dir}"
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/s2rmConfigVersion.cmake"
  VERSION "${PROJECT_VERSION}" COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
  "${PROJECT_BINARY_DIR}/package/s2rmConfig.cmake"
  "${PROJECT_BINARY_DIR}/package/s2rmConfigVersion.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/s2rm_cuda.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/s2rm_dependencies.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/s2rm_distributed.cmake"
  DESTINATION "${s2rm_cmake_dir}")

# The prefix is found from the place of the file itself, so that the tree may be moved after installation.
file(RELATIVE_PATH s2rm_prefix_from_pc "/prefix/${s2rm_pkgconfig_dir}" "/prefix")
string(REGEX REPLACE "/$" "" s2rm_prefix_from_pc "${s2rm_prefix_from_pc}")
configure_file("${CMAKE_CURRENT_LIST_DIR}/s2rm.pc.in" "${PROJECT_BINARY_DIR}/package/s2rm.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/package/s2rm.pc" DESTINATION "${s2rm_pkgconfig_dir}")
