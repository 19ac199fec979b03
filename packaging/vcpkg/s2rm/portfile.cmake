# An overlay port: it builds from the tree it lies in. With a release this becomes vcpkg_from_github.
get_filename_component(SOURCE_PATH "${CURRENT_PORT_DIR}/../../.." ABSOLUTE)

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS
    -DS2RM_BUILD_TESTS=OFF
    -DS2RM_BUILD_EXAMPLES=OFF
    -DS2RM_BUILD_BENCHMARKS=OFF
    -DS2RM_CUDA=OFF
    -DS2RM_MPI=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/s2rm)
vcpkg_fixup_pkgconfig()

# Headers alone: nothing of a debug build is of use.
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug" "${CURRENT_PACKAGES_DIR}/lib")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
