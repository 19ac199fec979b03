# s2rm::cuda and s2rm_add_model(): the GPU. Include it where the language CUDA is enabled and s2rm::s2rm is known; the
# package and the project itself do so.
#
# The options of s2rm::cuda set C++20 for nvcc: `cxx_std_20` speaks of C++ sources alone, and CMake 3.25 knows no
# CUDA_STANDARD 20 for every nvcc. The architectures are the project's (CMAKE_CUDA_ARCHITECTURES). The run-time library is
# linked statically and the driver not at all, so that a program starts on a machine without one.
if(NOT TARGET s2rm::cuda)
  find_package(CUDAToolkit REQUIRED)
  add_library(s2rm::cuda INTERFACE IMPORTED GLOBAL)
  target_link_libraries(s2rm::cuda INTERFACE s2rm::s2rm CUDA::cudart_static CUDA::cublas)
  target_compile_options(s2rm::cuda INTERFACE
    "$<$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>:-std=c++20;--extended-lambda;--expt-relaxed-constexpr;-diag-suppress=20012>")
  # One name for units of nvcc and of the host's compiler, which have no flags in common: `gpu_trainer` is made in one and
  # called in the other (core/instruction_set.hpp).
  get_target_property(s2rm_itself s2rm::s2rm ALIASED_TARGET)
  if(NOT s2rm_itself)
    set(s2rm_itself s2rm::s2rm)
  endif()
  target_compile_definitions(${s2rm_itself} INTERFACE S2RM_INSTRUCTION_SET=with_cuda)
endif()

# s2rm::nccl: GPUs that train together (backend/thrust/cuda/nccl.hpp), where NCCL's header and library are found: in the
# toolkit, or where NCCL_ROOT says.
if(NOT TARGET s2rm::nccl)
  find_path(S2RM_NCCL_INCLUDE nccl.h HINTS ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES include)
  find_library(S2RM_NCCL_LIBRARY nccl HINTS ${CUDAToolkit_LIBRARY_DIR} PATH_SUFFIXES lib)
  mark_as_advanced(S2RM_NCCL_INCLUDE S2RM_NCCL_LIBRARY)
  if(S2RM_NCCL_INCLUDE AND S2RM_NCCL_LIBRARY)
    add_library(s2rm::nccl INTERFACE IMPORTED GLOBAL)
    target_include_directories(s2rm::nccl SYSTEM INTERFACE "${S2RM_NCCL_INCLUDE}")
    target_link_libraries(s2rm::nccl INTERFACE s2rm::cuda "${S2RM_NCCL_LIBRARY}")
  endif()
endif()

# s2rm_add_model(<target> MODEL <type> HEADER <file> [SCALAR float|double] [OPTIMISER <type>])
#
# A static library that holds `gpu_trainer<type>` of s2rm/any/trainer.hpp, compiled once by nvcc. <file> declares the
# model; it includes s2rm/s2rm.hpp and is read by nvcc and by the program's own compiler. Link the library, include <file>.
function(s2rm_add_model target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MODEL;HEADER;SCALAR;OPTIMISER" "")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_MODEL OR NOT arg_HEADER)
    message(FATAL_ERROR "s2rm_add_model(${target}): expected MODEL <type> HEADER <file>")
  endif()
  if(NOT arg_SCALAR)
    set(arg_SCALAR float)
  endif()
  if(NOT arg_OPTIMISER)
    set(arg_OPTIMISER s2rm::optim::adam)
  endif()
  get_filename_component(header "${arg_HEADER}" ABSOLUTE)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${target}.cu")
  file(CONFIGURE OUTPUT "${source}" @ONLY CONTENT [=[
#include "@header@"

#include <s2rm/thrust.hpp>

template std::unique_ptr<s2rm::any_trainer<@arg_MODEL@, @arg_SCALAR@>>
s2rm::gpu_trainer<@arg_MODEL@, @arg_SCALAR@, @arg_OPTIMISER@>(@arg_OPTIMISER@, s2rm::seed, s2rm::training,
                                                              s2rm::gpu_options);
template int s2rm::gpu_count<@arg_MODEL@>();
]=])
  add_library(${target} STATIC "${source}")
  target_link_libraries(${target} PUBLIC s2rm::s2rm PRIVATE s2rm::cuda)
  set_target_properties(${target} PROPERTIES CUDA_SEPARABLE_COMPILATION OFF)
endfunction()
