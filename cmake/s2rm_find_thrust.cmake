# Finds Thrust for its host systems and makes s2rm_thrust_host: link it, include s2rm/thrust.hpp, compile with g++ or
# clang. Thrust is Debian's libthrust-dev or the CUDA toolkit's CCCL; where neither is there, the target is not made.
#
#   S2RM_THRUST_INCLUDE_DIR   folder that holds thrust/version.h
#
# One program has one device system: the definition goes on the target, for every file of it.
find_path(S2RM_THRUST_INCLUDE_DIR NAMES thrust/version.h)
find_path(S2RM_THRUST_INCLUDE_DIR NAMES thrust/version.h
  PATHS ENV CUDA_PATH ENV CUDA_HOME /usr/local/cuda PATH_SUFFIXES include/cccl include)
mark_as_advanced(S2RM_THRUST_INCLUDE_DIR)
option(S2RM_THRUST_OPENMP "Let Thrust's host tests use OpenMP where the compiler has it" ON)

# s2rm_thrust_host_target(<name> <include folder>)
function(s2rm_thrust_host_target name folder)
  add_library(${name} INTERFACE)
  # Its headers warn; as a system folder they may.
  target_include_directories(${name} SYSTEM INTERFACE "${folder}")
  target_compile_definitions(${name} INTERFACE
    THRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP THRUST_HOST_SYSTEM=THRUST_HOST_SYSTEM_CPP)
  target_link_libraries(${name} INTERFACE s2rm::s2rm)
  if(OpenMP_CXX_FOUND)
    target_link_libraries(${name} INTERFACE OpenMP::OpenMP_CXX)
  endif()
endfunction()

if(S2RM_THRUST_INCLUDE_DIR)
  if(S2RM_THRUST_OPENMP)
    find_package(OpenMP QUIET COMPONENTS CXX)
  endif()
  s2rm_thrust_host_target(s2rm_thrust_host "${S2RM_THRUST_INCLUDE_DIR}")
  message(STATUS "Thrust's host systems: ${S2RM_THRUST_INCLUDE_DIR}, OpenMP: ${OpenMP_CXX_FOUND}")
else()
  message(STATUS "Thrust not found (Debian: libthrust-dev): its tests are not built")
endif()
