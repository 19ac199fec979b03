# cmake -DOBJECTS=<object or archive> -DCUBINS=<folder> -DNM=<nm> -DREADELF=<readelf> -P check_kernels.cmake
#
# Whether every kernel that compiled host code names is in the device's code beside it. Where nvcc finds a kernel's types in
# its reading of the host code and not in the device's, the program links, and the kernel is refused when it is started
# ("invalid resource handle").
if(NOT EXISTS "${OBJECTS}")
  message(STATUS "skipped: ${OBJECTS} is not built")
  return()
endif()
execute_process(COMMAND "${NM}" "${OBJECTS}" OUTPUT_VARIABLE named RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${NM} ${OBJECTS}: failed")
endif()
set(kernel "(10run_blocks|8run_each|8run_grid)I[A-Za-z0-9_]*")
set(room "_ZN4s2rm[0-9a-z_]*7backend6detail")  # between them the inline namespace (core/instruction_set.hpp)
string(REGEX MATCHALL " [tTW] ${room}L?${kernel}" named "${named}")
list(TRANSFORM named REPLACE "^ [tTW] ${room}L?" "")
list(REMOVE_DUPLICATES named)

set(compiled)
file(GLOB cubins "${CUBINS}/*.cubin")
foreach(cubin IN LISTS cubins)
  execute_process(COMMAND "${READELF}" --symbols --wide "${cubin}" OUTPUT_VARIABLE symbols ERROR_QUIET)
  string(REGEX MATCHALL "${room}${kernel}" symbols "${symbols}")
  list(TRANSFORM symbols REPLACE "^${room}" "")
  list(APPEND compiled ${symbols})
endforeach()

list(LENGTH named count)
if(count EQUAL 0 OR NOT compiled)
  message(FATAL_ERROR "no kernels found in ${OBJECTS} (${count}) or in ${CUBINS}")
endif()
list(REMOVE_ITEM named ${compiled})
if(named)
  list(JOIN named "\n  " missing)
  message(FATAL_ERROR "named by the host and not compiled for the device:\n  ${missing}")
endif()
message(STATUS "${count} kernels, all compiled for the device")
