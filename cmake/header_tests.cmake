# Header hygiene, as build targets: every header of include/s2rm compiled alone and included twice; every header seen by
# two translation units of one program (a missing `inline` fails at the link).
#
# The CUDA side is not built here: thrust.hpp and backend/thrust belong to a Thrust build.
file(GLOB_RECURSE all_headers RELATIVE "${PROJECT_SOURCE_DIR}/include" CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/include/s2rm/*.hpp")
list(FILTER all_headers EXCLUDE REGEX "^s2rm/(thrust\\.hpp$|backend/thrust/)")
if(NOT TARGET s2rm::distributed)
  list(FILTER all_headers EXCLUDE REGEX "^s2rm/distributed(\\.hpp$|/)")
endif()
list(SORT all_headers)

# Writes <path> only where its content changes, so that configuring again builds nothing again.
function(s2rm_write_if_changed path content)
  file(CONFIGURE OUTPUT "${path}" CONTENT "${content}" @ONLY)
endfunction()

# Headers that name no backend and no xtensor are compiled without Eigen's include path: s2rm.hpp must stand without it.
set(plain_sources)
set(full_sources)
set(mpi_sources)
set(include_lines "")
foreach(header IN LISTS all_headers)
  string(REPLACE "/" "." unit "${header}")
  set(unit "${PROJECT_BINARY_DIR}/header_alone/${unit}.cpp")
  s2rm_write_if_changed("${unit}" "#include <${header}>\n#include <${header}>\n")
  if(header MATCHES "^s2rm/(eigen\\.hpp$|backend/|adapters/|data/(xtensor|npy)\\.hpp$)")
    list(APPEND full_sources "${unit}")
  elseif(header MATCHES "^s2rm/distributed(\\.hpp$|/)")
    list(APPEND mpi_sources "${unit}")
  else()
    list(APPEND plain_sources "${unit}")
  endif()
  string(APPEND include_lines "#include <${header}>\n")
endforeach()
s2rm_write_if_changed("${PROJECT_BINARY_DIR}/header_alone/all_headers.hpp" "#pragma once\n${include_lines}")

add_custom_target(s2rm_header_alone)
option(S2RM_HEADER_TESTS "Compile every header alone" ON)
if(S2RM_HEADER_TESTS AND plain_sources)
  add_library(s2rm_header_alone_plain OBJECT ${plain_sources})
  target_compile_features(s2rm_header_alone_plain PRIVATE cxx_std_20)
  target_include_directories(s2rm_header_alone_plain PRIVATE "${PROJECT_SOURCE_DIR}/include")
  target_link_libraries(s2rm_header_alone_plain PRIVATE RapidJSON::RapidJSON s2rm_warnings)
  add_dependencies(s2rm_header_alone s2rm_header_alone_plain)
endif()
if(S2RM_HEADER_TESTS AND full_sources)
  add_library(s2rm_header_alone_full OBJECT ${full_sources})
  target_link_libraries(s2rm_header_alone_full PRIVATE s2rm::s2rm s2rm_warnings)
  add_dependencies(s2rm_header_alone s2rm_header_alone_full)
endif()
if(S2RM_HEADER_TESTS AND mpi_sources)
  add_library(s2rm_header_alone_mpi OBJECT ${mpi_sources})
  target_link_libraries(s2rm_header_alone_mpi PRIVATE s2rm::distributed s2rm_warnings)
  add_dependencies(s2rm_header_alone s2rm_header_alone_mpi)
endif()

# Each header is about being alone, whatever the preset does with the files of other targets.
foreach(kind IN ITEMS plain full mpi)
  if(TARGET s2rm_header_alone_${kind})
    set_target_properties(s2rm_header_alone_${kind} PROPERTIES UNITY_BUILD OFF)
  endif()
endforeach()

# Strangers' builds: our headers as they come by add_subdirectory, among a parent's warnings, all of them errors; and
# behind the macros of other people's headers.
if(S2RM_HEADER_TESTS)
  foreach(unit IN ITEMS strict macros)
    # Where time is short both at once: the macros, among the warnings.
    if(unit STREQUAL "strict" AND S2RM_TEST_PRECOMPILED)
      continue()
    endif()
    add_library(s2rm_header_${unit} OBJECT "${PROJECT_SOURCE_DIR}/tests/consumer/${unit}.cpp")
    target_link_libraries(s2rm_header_${unit} PRIVATE s2rm::s2rm)
    if(TARGET s2rm::distributed)
      target_link_libraries(s2rm_header_${unit} PRIVATE s2rm::distributed)
    endif()
    target_include_directories(s2rm_header_${unit} PRIVATE "${PROJECT_BINARY_DIR}/header_alone")
    target_compile_options(s2rm_header_${unit} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wdouble-promotion
      -Wsign-conversion -Wold-style-cast -Wswitch-enum -Wfloat-equal $<$<CXX_COMPILER_ID:GNU>:-Wuseless-cast> -Werror)
    add_dependencies(s2rm_header_alone s2rm_header_${unit})
  endforeach()
endif()

add_executable(test.odr "${PROJECT_SOURCE_DIR}/tests/odr.cpp" "${PROJECT_SOURCE_DIR}/tests/odr_main.cpp")
target_link_libraries(test.odr PRIVATE s2rm::s2rm s2rm_warnings)
if(TARGET s2rm::distributed)
  target_link_libraries(test.odr PRIVATE s2rm::distributed)
endif()
target_include_directories(test.odr PRIVATE "${PROJECT_BINARY_DIR}/header_alone")
# Two translation units are what it is about.
set_target_properties(test.odr PROPERTIES UNITY_BUILD OFF RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")
add_test(NAME odr COMMAND test.odr)
set_tests_properties(odr PROPERTIES LABELS unit TIMEOUT 60)
add_dependencies(s2rm_sanitized_tests test.odr)
