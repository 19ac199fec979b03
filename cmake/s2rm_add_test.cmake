# s2rm_add_test(<folder>/<file>.cpp <label> [PROGRAM_ONLY] [NOT_PRECOMPILED] [TIMEOUT <seconds>] [LIBRARIES <target>...] [ON <system>])
#
# One line per test file: builds tests/<folder>/<file>.cpp into the program test.<folder>.<file>, linked with the one
# Catch2 main, and registers the ctest <folder>.<file>. The label is one of unit, gradient, parity, compile_fail, consumer,
# thrust (sources that are tests of the CPU too; the sanitizers leave them out), gpu.
# A test runs with tests/ as its working directory, so that golden/... names a file; a program without a single test
# case fails. PROGRAM_ONLY: the caller registers how it is run. NOT_PRECOMPILED: it defines what its first header reads. ON <system>: the test is <folder>.<file>.<system>, of that one
# of Thrust's host systems (support/tested.hpp).
set(s2rm_test_labels unit gradient parity compile_fail consumer thrust gpu)

# The programs that the sanitizers run: everything labelled unit, gradient or parity.
if(NOT TARGET s2rm_sanitized_tests)
  add_custom_target(s2rm_sanitized_tests)
endif()

# Light tests hold their numbers against others of the same program, and none of them runs for long: what optimising them
# costs is not worth it where time is short (preset check). Heavy ones run for longer, not optimised, than optimising them
# takes (preset asan).
set(S2RM_LIGHT_TEST_FLAGS "" CACHE STRING "Flags, behind all others, of the tests in io, adapters, stream, train, any, distributed, examples and docs")
set(S2RM_HEAVY_TESTS "^cell/(lstm|rmc)[.]cpp|^model/gradient(_cells|_fields|_policies)?[.]cpp" CACHE STRING
  "Regular expression of the sources below tests/ that compute for longest")
set(S2RM_HEAVY_TEST_FLAGS "" CACHE STRING "Flags, behind all others, of the tests that compute for longest")
# s2rm_weight_of(<variable> <source below tests/>): the flags of its weight, or nothing.
function(s2rm_weight_of result source)
  set(flags)
  if(source MATCHES "^(io|adapters|stream|train|any|distributed|examples|docs)/")
    separate_arguments(flags UNIX_COMMAND "${S2RM_LIGHT_TEST_FLAGS}")
  elseif(source MATCHES "${S2RM_HEAVY_TESTS}")
    separate_arguments(flags UNIX_COMMAND "${S2RM_HEAVY_TEST_FLAGS}")
  endif()
  set(${result} "${flags}" PARENT_SCOPE)
endfunction()
function(s2rm_add_weight_flags program source)
  s2rm_weight_of(flags "${source}")
  target_compile_options(${program} PRIVATE ${flags})
endfunction()

# Where most tests run without sanitizers (preset quick), those that read files and step streams have them nevertheless.
set(S2RM_SANITIZED_TESTS "" CACHE STRING "Regular expression of the sources below tests/ that run with sanitizers")
# s2rm_is_sanitized(<variable> <source below tests/>)
function(s2rm_is_sanitized result source)
  set(${result} FALSE PARENT_SCOPE)
  if(S2RM_SANITIZED_TESTS AND source MATCHES "${S2RM_SANITIZED_TESTS}")
    set(${result} TRUE PARENT_SCOPE)
  endif()
endfunction()
# s2rm_sanitize(<target>): as preset asan does.
function(s2rm_sanitize target)
  set(sanitizers -fsanitize=address,undefined)
  target_compile_options(${target} PRIVATE ${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1
    "-fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/cmake/sanitizers.ignore")
  target_link_options(${target} PRIVATE ${sanitizers})
endfunction()

# One precompiled header for the test programs, made for each set of flags: for the CPU, for those that see Thrust, and
# either with sanitizers.
option(S2RM_TEST_PRECOMPILED "Precompile what nearly every test includes" OFF)
# s2rm_precompile_for(<target> <source> <library>...): a target of weight compiles by itself.
function(s2rm_precompile_for target source)
  s2rm_weight_of(weight "${source}")
  if(NOT S2RM_TEST_PRECOMPILED OR weight)
    return()
  endif()
  set(carrier s2rm_test_precompiled)
  set(libraries s2rm::s2rm s2rm_warnings s2rm_test_main)
  if("s2rm_test_thrust" IN_LIST ARGN)
    string(APPEND carrier _thrust)
    list(APPEND libraries s2rm_test_thrust)
  endif()
  s2rm_is_sanitized(sanitized "${source}")
  if(sanitized)
    string(APPEND carrier _sanitized)
  endif()
  if(NOT TARGET ${carrier})
    add_library(${carrier} OBJECT "${PROJECT_SOURCE_DIR}/tests/support/precompiled.cpp")
    target_precompile_headers(${carrier} PRIVATE "${PROJECT_SOURCE_DIR}/tests/support/precompiled.hpp")
    target_include_directories(${carrier} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
    target_link_libraries(${carrier} PRIVATE ${libraries})
    if(sanitized)
      s2rm_sanitize(${carrier})
    endif()
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")  # so that ccache takes what was made from it
      target_compile_options(${carrier} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    endif()
  endif()
  target_precompile_headers(${target} REUSE_FROM ${carrier})
endfunction()

function(s2rm_add_test source label)
  cmake_parse_arguments(PARSE_ARGV 2 arg "PROGRAM_ONLY;NOT_PRECOMPILED" "TIMEOUT;ON" "LIBRARIES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "s2rm_add_test(${source}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT label IN_LIST s2rm_test_labels)
    message(FATAL_ERROR "s2rm_add_test(${source}): label '${label}' is none of ${s2rm_test_labels}")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()

  string(REGEX REPLACE "\\.cpp$" "" name "${source}")
  string(REPLACE "/" "." name "${name}")
  if(arg_ON)
    string(APPEND name ".${arg_ON}")
  endif()
  set(program "test.${name}")
  add_executable(${program} "${PROJECT_SOURCE_DIR}/tests/${source}")
  target_link_libraries(${program} PRIVATE s2rm::s2rm s2rm_warnings s2rm_test_support s2rm_test_main ${arg_LIBRARIES})
  target_include_directories(${program} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  s2rm_add_weight_flags(${program} "${source}")
  s2rm_is_sanitized(sanitized "${source}")
  if(sanitized)
    s2rm_sanitize(${program})
  endif()
  if(NOT arg_NOT_PRECOMPILED)
    s2rm_precompile_for(${program} "${source}" ${arg_LIBRARIES})
  endif()
  if(arg_ON)
    target_compile_definitions(${program} PRIVATE "S2RM_TEST_ON=${arg_ON}")
  endif()
  set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")

  if(NOT arg_PROGRAM_ONLY)
    add_test(NAME ${name} COMMAND ${program} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}/tests")
    # Threads of OpenMP that wait for each other in turns would else keep the cores from those they wait for, where tests run
    # side by side: ten times as long.
    set_tests_properties(${name} PROPERTIES LABELS "${label}" TIMEOUT "${arg_TIMEOUT}"
      ENVIRONMENT_MODIFICATION "OMP_WAIT_POLICY=set:passive"
      FAIL_REGULAR_EXPRESSION "No tests ran|No test cases matched")
  endif()
  if(label MATCHES "^(unit|gradient|parity)$")
    add_dependencies(s2rm_sanitized_tests ${program})
  endif()
endfunction()
