# Sets S2RM_PYTHON to a Python 3 that has numpy and PyTorch, or to a false value. The system's Python comes first:
# another one earlier in PATH rarely has PyTorch.
if(NOT S2RM_PYTHON)
  foreach(candidate IN ITEMS /usr/bin/python3 python3)
    execute_process(COMMAND "${candidate}" -c "import numpy, torch" RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
    if(result EQUAL 0)
      set(S2RM_PYTHON "${candidate}" CACHE FILEPATH "A Python 3 with numpy and PyTorch" FORCE)
      break()
    endif()
  endforeach()
endif()
if(NOT S2RM_PYTHON)
  message(STATUS "No Python with numpy and PyTorch: the tests against PyTorch are left out")
endif()
