# cmake -DSOURCE=<repository> -DCOMPILER=<c++> -DWORK=<scratch folder> -P compilers.cmake
#
# A compiler or a language that cannot work is told so in one error, not in a thousand. Other compilers are played by
# their predefined macros.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE "${WORK}")

# told(<regex> <header> <flag>...)
function(told regex header)
  file(WRITE "${WORK}/main.cpp" "#include <s2rm/${header}>\nint main() {}\n")
  execute_process(COMMAND "${COMPILER}" ${ARGN} -w "-I${SOURCE}/include" -fsyntax-only "${WORK}/main.cpp"
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  string(REPLACE ";" "," output "${output}")
  string(REGEX MATCHALL "error: [^\n]*" errors "${output}")
  list(LENGTH errors count)
  if(result EQUAL 0 OR NOT count EQUAL 1 OR NOT errors MATCHES "${regex}")
    message(FATAL_ERROR "${header}, ${ARGN}: expected one error, '${regex}', found ${count}:\n${output}")
  endif()
endfunction()

foreach(header IN ITEMS s2rm.hpp eigen.hpp thrust.hpp adapters/xtensor.hpp adapters/npy.hpp io/safetensors.hpp)
  told("s2rm needs C\\+\\+20" ${header} -std=c++17)
endforeach()
told("s2rm needs C\\+\\+20" eigen.hpp -std=gnu++14)
told("this is MSVC" core/config.hpp -std=c++20 -U__clang__ -D_MSC_VER=1940 -D_MSVC_LANG=202002L)
told("this g\\+\\+ is older" core/config.hpp -std=c++20 -U__clang__ -U__GNUC__ -D__GNUC__=10)
told("this clang is older" core/config.hpp -std=c++20 -D__clang__ -U__clang_major__ -D__clang_major__=13)
# Who wants to try may.
execute_process(COMMAND "${COMPILER}" -std=c++20 -w "-I${SOURCE}/include" -U__clang__ -U__GNUC__ -D__GNUC__=10
  -DS2RM_UNTESTED_COMPILER -E -x c++ "${SOURCE}/include/s2rm/core/config.hpp" OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
