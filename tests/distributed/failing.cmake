# cmake -DRUN=<launcher and program, with | between> -DHOW=<killed|stopped|throws|leaves|well> -DEXPECT=<regex>
#       -P failing.cmake
#
# However a rank fails, all are ended (within five seconds where ranks have a core; more on a machine with other work), the status is not 0 and the message names the rank.
cmake_minimum_required(VERSION 3.25)
string(REPLACE "|" ";" command "${RUN}")
execute_process(COMMAND ${command} "${HOW}" TIMEOUT 150 RESULT_VARIABLE result OUTPUT_VARIABLE output
  ERROR_VARIABLE output)
if(result MATCHES "timeout")
  message(FATAL_ERROR "${HOW}: did not end:\n${output}")
elseif(HOW STREQUAL "well" AND NOT result EQUAL 0)
  message(FATAL_ERROR "${HOW}: ended with ${result}:\n${output}")
elseif(NOT HOW STREQUAL "well" AND result EQUAL 0)
  message(FATAL_ERROR "${HOW}: ended as if nothing had been:\n${output}")
elseif(NOT output MATCHES "${EXPECT}")
  message(FATAL_ERROR "${HOW}: the message does not say '${EXPECT}':\n${output}")
endif()
