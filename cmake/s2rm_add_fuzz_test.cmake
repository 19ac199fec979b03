# s2rm_add_fuzz_test(fuzz/<name>.cpp [DICTIONARY <file>] [LIBRARIES <target>...])
#
# A reader against any bytes: the program fuzz.<name>. With S2RM_FUZZ (preset fuzz) it is libFuzzer's; else its main replays
# inputs. Either way the ctest fuzz.<name> runs every input of tests/fuzz/corpus/<name>.
option(S2RM_FUZZ "Link the fuzz targets with libFuzzer (clang); preset fuzz" OFF)

if(NOT TARGET s2rm_fuzz)
  add_custom_target(s2rm_fuzz)
endif()

function(s2rm_add_fuzz_test source)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "DICTIONARY" "LIBRARIES")
  get_filename_component(name "${source}" NAME_WE)
  set(program "fuzz.${name}")
  set(corpus "${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name}")
  add_executable(${program} "${PROJECT_SOURCE_DIR}/tests/${source}")
  target_link_libraries(${program} PRIVATE s2rm::s2rm s2rm_warnings ${arg_LIBRARIES})
  target_include_directories(${program} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")
  add_dependencies(s2rm_fuzz ${program})
  if(S2RM_FUZZ)
    target_link_options(${program} PRIVATE -fsanitize=fuzzer)
    add_test(NAME fuzz.${name} COMMAND ${program} -runs=0 "${corpus}")
  else()
    target_sources(${program} PRIVATE "${PROJECT_SOURCE_DIR}/tests/fuzz/replay.cpp")
    add_test(NAME fuzz.${name} COMMAND ${program} "${corpus}")
    add_dependencies(s2rm_sanitized_tests ${program})
  endif()
  set_tests_properties(fuzz.${name} PROPERTIES LABELS "unit;fuzz" TIMEOUT 120)
  # scripts/fuzz reads what there is from here.
  file(APPEND "${PROJECT_BINARY_DIR}/fuzz_targets.txt" "${name} ${arg_DICTIONARY}\n")
endfunction()
file(WRITE "${PROJECT_BINARY_DIR}/fuzz_targets.txt" "")
