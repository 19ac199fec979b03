# Small helpers for the tests of the scripts in cmake/: build a tree of files, run a script on it, hold the outcome.
cmake_minimum_required(VERSION 3.25)

# A fresh folder for one case.
function(fresh_tree out)
  file(REMOVE_RECURSE "${WORK}")
  file(MAKE_DIRECTORY "${WORK}")
  set(${out} "${WORK}" PARENT_SCOPE)
endfunction()

# expect_pass(<what> <option>...): the script must succeed.
function(expect_pass what)
  execute_process(COMMAND "${CMAKE_COMMAND}" ${ARGN} -P "${SCRIPT}"
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${what}: must pass, but:\n${output}")
  endif()
endfunction()

# expect_refusal(<what> <regex> <option>...): the script must fail and say <regex>.
function(expect_refusal what regex)
  execute_process(COMMAND "${CMAKE_COMMAND}" ${ARGN} -P "${SCRIPT}"
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(result EQUAL 0)
    message(FATAL_ERROR "${what}: must be refused, but passed:\n${output}")
  endif()
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  if(NOT output MATCHES "${regex}")
    message(FATAL_ERROR "${what}: refused, but not with '${regex}':\n${output}")
  endif()
endfunction()
