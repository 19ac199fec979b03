# cmake -DRUN=<launcher, with | between> -DPROGRAM=<example> -DARGUMENTS=<of train, with | between> -DWORK=<scratch folder>
#       -P ranks.cmake
#
# An example trained in parts on one rank without mpirun and on two ranks leaves the same checkpoints, byte for byte.
# Commands that are not for several ranks say so.
cmake_minimum_required(VERSION 3.25)
string(REPLACE "|" ";" launcher "${RUN}")
string(REPLACE "|" ";" arguments "${ARGUMENTS}")
file(REMOVE_RECURSE "${WORK}")

function(run out)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY "${WORK}" RESULT_VARIABLE result OUTPUT_VARIABLE output
    ERROR_VARIABLE output)
  set(${out} "${output}" PARENT_SCOPE)
  set(result "${result}" PARENT_SCOPE)
endfunction()

file(MAKE_DIRECTORY "${WORK}")
run(text "${PROGRAM}" train ${arguments} --threads 1 --out one)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "one rank ended with ${result}:\n${text}")
endif()
run(text ${launcher} 2 "${PROGRAM}" train ${arguments} --threads 1 --out two)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "two ranks ended with ${result}:\n${text}")
endif()
file(GLOB files RELATIVE "${WORK}/one" "${WORK}/one/*.safetensors")
if(NOT files)
  message(FATAL_ERROR "nothing was trained:\n${text}")
endif()
foreach(file IN LISTS files)
  file(SHA256 "${WORK}/one/${file}" one)
  file(SHA256 "${WORK}/two/${file}" two)
  if(NOT one STREQUAL two)
    message(FATAL_ERROR "${file} differs between one rank and two")
  endif()
endforeach()
run(text ${launcher} 2 "${PROGRAM}" render --out two)
if(result EQUAL 0 OR NOT text MATCHES "runs on one rank")
  message(FATAL_ERROR "render on two ranks must be refused, but ended with ${result}:\n${text}")
endif()
