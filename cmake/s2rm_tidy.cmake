# `cmake --build <dir> --target tidy` runs clang-tidy over the files that see everything: the ODR file, which includes
# every public header, and the programs of examples/ and benchmarks/. One stamp per file: only what changed runs again.
# In a unity build (preset tidy) the files of a target are one: what clang-tidy does to the standard library's headers,
# most of its work, it then does once for all of them.
find_program(S2RM_CLANG_TIDY NAMES clang-tidy-19)
if(NOT S2RM_CLANG_TIDY OR NOT CMAKE_EXPORT_COMPILE_COMMANDS)
  return()
endif()

# s2rm_sources_below(<variable> <folder>): what the targets of a folder and those below it compile.
function(s2rm_sources_below result folder)
  set(all)
  get_property(targets DIRECTORY "${folder}" PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    if(NOT type MATCHES "EXECUTABLE|STATIC_LIBRARY")
      continue()
    endif()
    get_target_property(sources ${target} SOURCES)
    list(FILTER sources INCLUDE REGEX "\\.cpp$")
    get_target_property(unity ${target} UNITY_BUILD)
    get_target_property(binary ${target} BINARY_DIR)
    if(unity AND sources)
      list(APPEND all "${binary}/CMakeFiles/${target}.dir/Unity/unity_0_cxx.cxx")
    else()
      get_target_property(base ${target} SOURCE_DIR)
      foreach(source IN LISTS sources)
        cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY "${base}")
        list(APPEND all "${source}")
      endforeach()
    endif()
  endforeach()
  get_property(folders DIRECTORY "${folder}" PROPERTY SUBDIRECTORIES)
  foreach(below IN LISTS folders)
    s2rm_sources_below(of_below "${below}")
    list(APPEND all ${of_below})
  endforeach()
  set(${result} ${all} PARENT_SCOPE)
endfunction()

set(tidy_sources)
get_property(tidy_folders DIRECTORY PROPERTY SUBDIRECTORIES)
list(FILTER tidy_folders INCLUDE REGEX "/(examples|benchmarks)(/|$)")
foreach(folder IN LISTS tidy_folders)
  s2rm_sources_below(of_folder "${folder}")
  list(APPEND tidy_sources ${of_folder})
endforeach()
if(S2RM_BUILD_TESTS)
  list(APPEND tidy_sources "${PROJECT_SOURCE_DIR}/tests/odr.cpp")
endif()
# A unity file only names the files it stands for: a change of any of them counts.
file(GLOB_RECURSE tidy_after CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/include/*.hpp" "${PROJECT_SOURCE_DIR}/examples/*.hpp"
  "${PROJECT_SOURCE_DIR}/examples/*.cpp" "${PROJECT_SOURCE_DIR}/benchmarks/*.cpp")

# Headers that the build makes must be there before clang-tidy reads the programs.
if(TARGET example_build_info)
  list(APPEND tidy_after example_build_info)
endif()

# A unity file includes files that end in .cpp.
set(tidy_options "--checks=-bugprone-suspicious-include")
set(tidy_stamps)
foreach(source IN LISTS tidy_sources)
  file(RELATIVE_PATH name "${PROJECT_SOURCE_DIR}" "${source}")
  string(REPLACE "/" "." stamp "${name}")
  set(stamp "${PROJECT_BINARY_DIR}/tidy/${stamp}.stamp")
  add_custom_command(OUTPUT "${stamp}"
    COMMAND "${S2RM_CLANG_TIDY}" --quiet ${tidy_options} -p "${PROJECT_BINARY_DIR}" "${source}"
    COMMAND "${CMAKE_COMMAND}" -E touch "${stamp}"
    DEPENDS "${source}" ${tidy_after} "${PROJECT_SOURCE_DIR}/.clang-tidy"
    COMMENT "clang-tidy ${name}" VERBATIM)
  list(APPEND tidy_stamps "${stamp}")
endforeach()
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/tidy")
add_custom_target(tidy DEPENDS ${tidy_stamps})
# The library's headers alone.
if(S2RM_BUILD_TESTS)
  add_custom_target(tidy_headers DEPENDS "${PROJECT_BINARY_DIR}/tidy/tests.odr.cpp.stamp")
endif()
