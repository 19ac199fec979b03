# s2rm::distributed: training on several machines by MPI (s2rm/distributed.hpp). Include it where s2rm::s2rm is known; the
# package does so for the component `distributed`, the project itself where S2RM_MPI is not OFF.
#
# Any MPI 3 does. Its old C++ bindings are left out: they are not used, and do not compile without warnings.
if(NOT TARGET s2rm::distributed)
  set(MPI_CXX_SKIP_MPICXX TRUE)
  find_package(MPI 3.0 ${s2rm_mpi_required} COMPONENTS CXX)
  if(MPI_CXX_FOUND)
    add_library(s2rm::distributed INTERFACE IMPORTED GLOBAL)
    target_link_libraries(s2rm::distributed INTERFACE s2rm::s2rm MPI::MPI_CXX)
    target_compile_definitions(s2rm::distributed INTERFACE S2RM_WITH_MPI)
  endif()
endif()
