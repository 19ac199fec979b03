# s2rm_add_compile_fail_tests(<folder>)
#
# Every <folder>/*.cpp is a ctest compile_fail.<file>. Its first lines are comments that say what must happen:
#   // expect: S101               compiling must fail, and the output must hold s2rm[S101] and no other code
#   // expect: ok                 the positive control: compiling must succeed
#   // expect-text: <regex>       the output must also match (any number of such lines)
# A file that expects S101 is named S101_<what>.cpp. The compiler gets the flags of this build and -fsyntax-only.
#
# With S2RM_TEST_PRECOMPILED all of them read <s2rm/s2rm.hpp> from one precompiled header, which halves what they take.
set(s2rm_compile_fail_script "${CMAKE_CURRENT_LIST_DIR}/run_compile_fail.cmake")

# s2rm_precompile_library(<variable> <include folders>): makes it with the build; <variable> is the options that use it.
function(s2rm_precompile_library result includes)
  set(header "${PROJECT_BINARY_DIR}/compile_fail/library.hpp")
  file(CONFIGURE OUTPUT "${header}" CONTENT "#include <s2rm/s2rm.hpp>\n" @ONLY)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    set(made "${header}.pch")
    set(${result} "-include-pch|${made}" PARENT_SCOPE)
  else()
    set(made "${header}.gch")
    set(${result} "-include|${header}" PARENT_SCOPE)
  endif()
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/include/s2rm/*.hpp")
  add_custom_command(OUTPUT "${made}"
    COMMAND "${CMAKE_CXX_COMPILER}" ${CMAKE_CXX20_STANDARD_COMPILE_OPTION}
      "-I$<JOIN:$<REMOVE_DUPLICATES:${includes}>,;-I>" -x c++-header "${header}" -o "${made}"
    DEPENDS "${header}" ${headers} COMMENT "Precompiling s2rm.hpp" COMMAND_EXPAND_LISTS VERBATIM)
  add_custom_target(s2rm_compile_fail_header ALL DEPENDS "${made}")
  add_dependencies(s2rm_sanitized_tests s2rm_compile_fail_header)
endfunction()

function(s2rm_add_compile_fail_tests folder)
  file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.cpp")
  # Same include path as every user of s2rm::s2rm, whatever its dependencies bring along.
  set(includes "$<TARGET_PROPERTY:s2rm,INTERFACE_INCLUDE_DIRECTORIES>")
  set(precompiled)
  if(S2RM_TEST_PRECOMPILED)
    s2rm_precompile_library(precompiled "${includes}")
  endif()
  set(controls 0)
  foreach(source IN LISTS sources)
    get_filename_component(name "${source}" NAME_WE)
    file(STRINGS "${source}" expect REGEX "^// expect: ok$" LIMIT_COUNT 1)
    if(expect)
      math(EXPR controls "${controls} + 1")
    endif()
    add_test(NAME compile_fail.${name} COMMAND "${CMAKE_COMMAND}"
      "-DSOURCE=${source}" "-DCOMPILER=${CMAKE_CXX_COMPILER}"
      "-DFLAGS=${CMAKE_CXX20_STANDARD_COMPILE_OPTION}" "-DINCLUDES=$<JOIN:$<REMOVE_DUPLICATES:${includes}>,|>"
      "-DPRECOMPILED=${precompiled}" -P "${s2rm_compile_fail_script}")
    set_tests_properties(compile_fail.${name} PROPERTIES LABELS compile_fail TIMEOUT 120)
  endforeach()
  if(sources AND controls EQUAL 0)
    message(FATAL_ERROR "${folder} holds no positive control: one file with '// expect: ok'")
  endif()
endfunction()
