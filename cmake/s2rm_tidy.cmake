# `cmake --build <dir> --target tidy` runs clang-tidy over the files that see everything: the ODR file, which includes
# every public header, and the programs of examples/ and benchmarks/. One stamp per file: only what changed runs again.
find_program(S2RM_CLANG_TIDY NAMES clang-tidy-19)
if(NOT S2RM_CLANG_TIDY OR NOT CMAKE_EXPORT_COMPILE_COMMANDS)
  return()
endif()

file(GLOB_RECURSE tidy_sources CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/examples/*.cpp" "${PROJECT_SOURCE_DIR}/benchmarks/*.cpp")
if(NOT S2RM_BUILD_EXAMPLES)
  list(FILTER tidy_sources EXCLUDE REGEX "/examples/")
endif()
if(NOT S2RM_BUILD_BENCHMARKS)
  list(FILTER tidy_sources EXCLUDE REGEX "/benchmarks/")
endif()
if(S2RM_BUILD_TESTS)
  list(APPEND tidy_sources "${PROJECT_SOURCE_DIR}/tests/odr.cpp")
endif()
get_property(generated GLOBAL PROPERTY S2RM_TIDY_SOURCES)
list(APPEND tidy_sources ${generated})
file(GLOB_RECURSE tidy_headers CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/include/*.hpp" "${PROJECT_SOURCE_DIR}/examples/*.hpp")

# Headers that the build makes must be there before clang-tidy reads the programs.
set(tidy_after)
if(TARGET example_build_info)
  list(APPEND tidy_after example_build_info)
endif()

set(tidy_stamps)
foreach(source IN LISTS tidy_sources)
  file(RELATIVE_PATH name "${PROJECT_SOURCE_DIR}" "${source}")
  string(REPLACE "/" "." stamp "${name}")
  set(stamp "${PROJECT_BINARY_DIR}/tidy/${stamp}.stamp")
  add_custom_command(OUTPUT "${stamp}"
    COMMAND "${S2RM_CLANG_TIDY}" --quiet -p "${PROJECT_BINARY_DIR}" "${source}"
    COMMAND "${CMAKE_COMMAND}" -E touch "${stamp}"
    DEPENDS "${source}" ${tidy_headers} ${tidy_after} "${PROJECT_SOURCE_DIR}/.clang-tidy"
    COMMENT "clang-tidy ${name}" VERBATIM)
  list(APPEND tidy_stamps "${stamp}")
endforeach()
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/tidy")
add_custom_target(tidy DEPENDS ${tidy_stamps})
