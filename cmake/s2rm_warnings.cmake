# Warnings for our own tests, examples and benchmarks; never part of s2rm::s2rm.
add_library(s2rm_warnings INTERFACE)
target_compile_options(s2rm_warnings INTERFACE
  $<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang,AppleClang>:-Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion>
  # g++ 12's own AVX-512 intrinsics, inlined from Eigen, set it off (GCC bug 105593).
  $<$<AND:$<COMPILE_LANG_AND_ID:CXX,GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-uninitialized;-Wno-maybe-uninitialized>
  # clang sees libstdc++ 12's own stable_sort use what that library deprecates; g++ keeps the warning for our code.
  $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wno-deprecated-declarations>
  $<$<AND:$<BOOL:${S2RM_WERROR}>,$<COMPILE_LANG_AND_ID:CXX,GNU,Clang,AppleClang>>:-Werror>)
