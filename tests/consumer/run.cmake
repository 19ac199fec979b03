# cmake -DWAY=<find_package|distributed|add_subdirectory|fetch_content|pkg_config|installed_files|compile_budget|gcc_11> -DSOURCE=<repository>
#       -DBUILD=<its build folder> -DWORK=<scratch folder> -DCOMPILER=<c++> -DVERSION=<0.1.0> -P run.cmake
#
# Installs where the way needs it, moves the installed tree elsewhere, builds main.cpp and runs it.
cmake_minimum_required(VERSION 3.25)

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "failed: ${command}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

function(expect_version text)
  if(NOT text MATCHES "s2rm ${VERSION}")
    message(FATAL_ERROR "the program ran and did not print 's2rm ${VERSION}':\n${text}")
  endif()
endfunction()

# Where the project was installed has gone when it is used.
function(install_and_move)
  run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/first")
  file(RENAME "${WORK}/first" "${WORK}/moved")
endfunction()

function(build_and_run)
  run("${CMAKE_COMMAND}" -S "${SOURCE}/tests/consumer/${WAY}" -B "${WORK}/build" -G "${GENERATOR}"
    "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" -DCMAKE_BUILD_TYPE=Debug ${ARGN})
  run("${CMAKE_COMMAND}" --build "${WORK}/build")
  run("${WORK}/build/consumer")
  expect_version("${output}")
endfunction()

file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")

if(WAY STREQUAL "add_subdirectory" OR WAY STREQUAL "fetch_content")
  build_and_run("-DS2RM_SOURCE=${SOURCE}")
elseif(WAY STREQUAL "distributed")
  install_and_move()
  build_and_run("-DCMAKE_PREFIX_PATH=${WORK}/moved")
elseif(WAY STREQUAL "find_package")
  install_and_move()
  build_and_run("-DCMAKE_PREFIX_PATH=${WORK}/moved")
  # Another minor version is another library: asking for it must fail.
  file(WRITE "${WORK}/newer/CMakeLists.txt"
    "cmake_minimum_required(VERSION 3.25)\nproject(newer LANGUAGES CXX)\nfind_package(s2rm 0.999 REQUIRED)\n")
  execute_process(COMMAND "${CMAKE_COMMAND}" -S "${WORK}/newer" -B "${WORK}/newer/build" -G "${GENERATOR}"
    "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_PREFIX_PATH=${WORK}/moved"
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(result EQUAL 0 OR NOT output MATCHES "version: ${VERSION}")
    message(FATAL_ERROR "find_package(s2rm 0.999) must be refused because of its version:\n${output}")
  endif()
elseif(WAY STREQUAL "pkg_config")
  install_and_move()
  # Only the package's own folder is added: its dependencies come from where pkg-config finds them by itself.
  run("${CMAKE_COMMAND}" -E env "PKG_CONFIG_PATH=${WORK}/moved/share/pkgconfig:$ENV{PKG_CONFIG_PATH}"
    "${PKG_CONFIG}" --cflags --libs s2rm)
  string(STRIP "${output}" flags)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  # The language is the caller's to choose.
  if(flags MATCHES "-std=")
    message(FATAL_ERROR "s2rm.pc sets the language: ${flags}")
  endif()
  run("${COMPILER}" -std=c++23 "${SOURCE}/tests/consumer/main.cpp" ${flags} -o "${WORK}/consumer")
  run("${WORK}/consumer")
  expect_version("${output}")
elseif(WAY STREQUAL "gcc_11")
  # Ubuntu 22.04's compiler: it takes the path without vector kernels by itself.
  run("${COMPILER}" -std=c++20 -O1 -Wall -Wextra -Werror "-I${SOURCE}/include" -isystem "${EIGEN}" "-I${RAPIDJSON}"
    "${SOURCE}/tests/consumer/main.cpp" -pthread -o "${WORK}/consumer")
  run("${WORK}/consumer")
  expect_version("${output}")
elseif(WAY STREQUAL "compile_budget")
  # One small model, trained: at -O2 within 1 GiB of memory, and within twice the promised 15 s of processor time (the
  # machines that run this differ). The shell's limits end a compiler that goes beyond.
  # (No semicolon in the command: CMake would split it there.)
  run("${BASH}" -c
    "ulimit -v 1048576 && ulimit -t 30 && TIMEFORMAT='compiled in %U s of processor time' && time \"$@\"" bash
    "${COMPILER}" -std=c++20 -O2 "-I${SOURCE}/include" "-I${EIGEN}" -c "${SOURCE}/tests/consumer/main.cpp"
    -o "${WORK}/main.o")
  if(NOT EXISTS "${WORK}/main.o" OR NOT output MATCHES "compiled in [1-9]")
    message(FATAL_ERROR "nothing was compiled:\n${output}")
  endif()
  message("${output}")
elseif(WAY STREQUAL "installed_files")
  install_and_move()
  file(GLOB_RECURSE files RELATIVE "${WORK}/moved" "${WORK}/moved/*")
  list(LENGTH files count)
  if(count LESS 5)
    message(FATAL_ERROR "only ${count} files were installed")
  endif()
  foreach(file IN LISTS files)
    if(NOT file MATCHES "^include/s2rm/.*\\.hpp$|^share/cmake/s2rm/[A-Za-z0-9_]+\\.cmake$|^share/pkgconfig/s2rm\\.pc$")
      message(FATAL_ERROR "unexpected file in the installed tree: ${file}")
    endif()
    file(READ "${WORK}/moved/${file}" text)
    foreach(path IN ITEMS "${SOURCE}" "${BUILD}" "${WORK}")
      string(FIND "${text}" "${path}" at)
      if(NOT at EQUAL -1)
        message(FATAL_ERROR "${file} holds the absolute path ${path}")
      endif()
    endforeach()
    # Not only ours: no absolute path of a dependency either. (-I/usr/... and "/usr/..." in packages and pkg-config.)
    if(NOT file MATCHES "\\.hpp$" AND text MATCHES "[\"= I](/(usr|home|opt|root|tmp|var)/[^\"\n ]*)")
      message(FATAL_ERROR "${file} holds the absolute path ${CMAKE_MATCH_1}")
    endif()
  endforeach()
else()
  message(FATAL_ERROR "unknown way '${WAY}'")
endif()
