# cmake -DROOT=<repository> -P check_doc_paths.cmake
#
# A source file that a page names in `code` exists, below the repository, include/s2rm, include or the page's own folder.
# Not of the change log and of results, which tell of files as they were.
cmake_minimum_required(VERSION 3.25)
get_filename_component(ROOT "${ROOT}" ABSOLUTE)

file(GLOB_RECURSE pages RELATIVE "${ROOT}" "${ROOT}/docs/*.md" "${ROOT}/examples/*.md" "${ROOT}/benchmarks/*.md"
  "${ROOT}/packaging/*.md")
list(FILTER pages EXCLUDE REGEX "^docs/results/")
set(missing "")
set(count 0)
foreach(page IN LISTS pages ITEMS README.md CONTRIBUTING.md)
  if(NOT EXISTS "${ROOT}/${page}")
    continue()
  endif()
  file(READ "${ROOT}/${page}" text)
  get_filename_component(folder "${page}" DIRECTORY)
  string(REGEX MATCHALL "`[a-z_0-9]+/[a-z_0-9/]+\\.(hpp|cpp|cu|py|cmake|json)`" names "${text}")
  list(REMOVE_DUPLICATES names)
  foreach(name IN LISTS names)
    string(REPLACE "`" "" name "${name}")
    math(EXPR count "${count} + 1")
    if(NOT EXISTS "${ROOT}/${name}" AND NOT EXISTS "${ROOT}/include/s2rm/${name}" AND NOT EXISTS "${ROOT}/include/${name}"
       AND NOT EXISTS "${ROOT}/${folder}/${name}")
      list(APPEND missing "${page}: ${name}")
    endif()
  endforeach()
endforeach()
if(missing)
  list(JOIN missing "\n  " missing)
  message(FATAL_ERROR "pages name files that do not exist:\n  ${missing}")
endif()
message("${count} names of files in pages, all there")
