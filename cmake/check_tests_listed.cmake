# cmake -DROOT=<repository> -P check_tests_listed.cmake
#
# Every tests/<folder>/<file>.cpp is named by one s2rm_add_test (or s2rm_add_fuzz_test) line of tests/CMakeLists.txt: a test that nobody runs is
# worse than none.
cmake_minimum_required(VERSION 3.25)
get_filename_component(ROOT "${ROOT}" ABSOLUTE)

file(GLOB_RECURSE sources RELATIVE "${ROOT}/tests" "${ROOT}/tests/*/*.cpp")
list(FILTER sources EXCLUDE REGEX "^(compile_fail|consumer|cmake|machines)/|^support/(main|keep_modules|precompiled|golden|model_gradient)\\.cpp$|^distributed/failing\\.cpp$|^fuzz/replay\\.cpp$")
file(READ "${ROOT}/tests/CMakeLists.txt" lists)
if(EXISTS "${ROOT}/tests/cuda/CMakeLists.txt")
  file(READ "${ROOT}/tests/cuda/CMakeLists.txt" more)
  string(APPEND lists "${more}")
endif()
string(REGEX REPLACE "#[^\n]*" "" lists "${lists}")
set(missing "")
foreach(source IN LISTS sources)
  string(REPLACE "." "\\." pattern "${source}")
  if(NOT lists MATCHES "s2rm_add(_mpi|_fuzz)?_test\\([ \n]*${pattern}[ \n]")
    list(APPEND missing "${source}")
  endif()
endforeach()
if(missing)
  list(JOIN missing "\n  " missing)
  message(FATAL_ERROR "not in tests/CMakeLists.txt:\n  ${missing}")
endif()
list(LENGTH sources count)
message("${count} test files, all listed")
