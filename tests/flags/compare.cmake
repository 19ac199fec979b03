# cmake -DPLAIN=<program> -DPROGRAM=<program> -DWORK=<folder> -P compare.cmake
# Two builds of model.cpp: both pass, and print the same.
foreach(which IN ITEMS PLAIN PROGRAM)
  get_filename_component(name "${${which}}" NAME)
  execute_process(COMMAND "${${which}}" "${WORK}/files.of.${name}.${which}" RESULT_VARIABLE status
    OUTPUT_VARIABLE output_${which} ERROR_VARIABLE errors)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${name}: ends with ${status}\n${output_${which}}${errors}")
  endif()
endforeach()
if(NOT output_PLAIN STREQUAL output_PROGRAM)
  message(FATAL_ERROR "other bits; without the flags:\n${output_PLAIN}\nwith them:\n${output_PROGRAM}")
endif()
