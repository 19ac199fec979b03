# s2rm_add_mpi_test(<folder>/<file>.cpp <label> RANKS <n>... [TIMEOUT <seconds>] [LIBRARIES <target>...])
#
# As s2rm_add_test, as the ctests <folder>.<file>_<n>: the program run by n ranks on this machine, which may have fewer
# cores. Where MPI was not found there are none.
#
# Open MPI wants to be asked twice before root may start it, and containers forbid ranks to read each other's memory. From
# 5.0 on its launcher reads variables of other names; MPICH needs none of them.
set(s2rm_mpi_environment
  "OMPI_ALLOW_RUN_AS_ROOT=1" "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1" "OMPI_MCA_rmaps_base_oversubscribe=1"
  "OMPI_MCA_hwloc_base_binding_policy=none" "OMPI_MCA_mpi_yield_when_idle=1"
  "OMPI_MCA_btl_vader_single_copy_mechanism=none"
  "PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe"
  "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/mpi_leaks.supp:print_suppressions=0")

# The leak checker names a module by its place in memory at the end, when Open MPI has unloaded its own: those stay.
set(s2rm_mpi_test_support)
if(TARGET s2rm::distributed AND CMAKE_CXX_FLAGS MATCHES "-fsanitize=[a-z,]*address")
  add_library(s2rm_mpi_keep_modules OBJECT "${PROJECT_SOURCE_DIR}/tests/support/keep_modules.cpp")
  set(s2rm_mpi_test_support s2rm_mpi_keep_modules)
endif()

function(s2rm_add_mpi_test source label)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "TIMEOUT" "RANKS;LIBRARIES")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  s2rm_add_test("${source}" "${label}" PROGRAM_ONLY LIBRARIES s2rm::distributed ${s2rm_mpi_test_support} ${arg_LIBRARIES})
  string(REGEX REPLACE "\\.cpp$" "" name "${source}")
  string(REPLACE "/" "." name "${name}")
  foreach(ranks IN LISTS arg_RANKS)
    add_test(NAME ${name}_${ranks}
      COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} $<TARGET_FILE:test.${name}>
      WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}/tests")
    set_tests_properties(${name}_${ranks} PROPERTIES LABELS "${label};mpi" TIMEOUT "${arg_TIMEOUT}" PROCESSORS 2
      ENVIRONMENT "${s2rm_mpi_environment}" FAIL_REGULAR_EXPRESSION "No tests ran|No test cases matched")
  endforeach()
endfunction()
