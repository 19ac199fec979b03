# s2rm_add_compile_fail_tests(<folder>)
#
# Every <folder>/*.cpp is a ctest compile_fail.<file>. Its first lines are comments that say what must happen:
#   // expect: S101               compiling must fail, and the output must hold s2rm[S101] and no other code
#   // expect: ok                 the positive control: compiling must succeed
#   // expect-text: <regex>       the output must also match (any number of such lines)
# A file that expects S101 is named S101_<what>.cpp. The compiler gets the flags of this build and -fsyntax-only.
set(s2rm_compile_fail_script "${CMAKE_CURRENT_LIST_DIR}/run_compile_fail.cmake")

function(s2rm_add_compile_fail_tests folder)
  file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.cpp")
  # Same include path as every user of s2rm::s2rm, whatever its dependencies bring along.
  set(includes "$<TARGET_PROPERTY:s2rm,INTERFACE_INCLUDE_DIRECTORIES>")
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
      -P "${s2rm_compile_fail_script}")
    set_tests_properties(compile_fail.${name} PROPERTIES LABELS compile_fail TIMEOUT 120)
  endforeach()
  if(sources AND controls EQUAL 0)
    message(FATAL_ERROR "${folder} holds no positive control: one file with '// expect: ok'")
  endif()
endfunction()
