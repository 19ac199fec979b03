# cmake -DREADME=<README.md> -DPROGRAM=<main.cpp> -P check_hello.cmake
#
# The first C++ block of README.md is the program, to the byte, and has fewer than 80 lines.
file(READ "${README}" readme)
file(READ "${PROGRAM}" program)
string(FIND "${readme}" "```cpp\n${program}```" at)
if(at EQUAL -1)
  message(FATAL_ERROR "README.md does not show ${PROGRAM} as it is: copy the file between ```cpp and ```")
endif()
string(FIND "${readme}" "```cpp\n" first)
if(NOT first EQUAL at)
  message(FATAL_ERROR "README.md shows another program before ${PROGRAM}")
endif()
string(REGEX REPLACE "[^\n]" "" newlines "${program}")
string(LENGTH "${newlines}" lines)
if(lines GREATER_EQUAL 80)
  message(FATAL_ERROR "${PROGRAM}: ${lines} lines, expected fewer than 80")
endif()
message("README.md shows ${PROGRAM}, ${lines} lines")
