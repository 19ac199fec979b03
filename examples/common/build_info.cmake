# Run at build time: writes build_info.hpp with compiler, flags, build type and the commit of the source tree, and
# touches the file only when its text changes, so that nothing is rebuilt without need.
set(commit "unknown (not a git checkout)")
find_package(Git QUIET)
if(GIT_FOUND)
  execute_process(
    COMMAND "${GIT_EXECUTABLE}" -C "${SOURCE_DIR}" describe --always --dirty --abbrev=40 --exclude=*
    OUTPUT_VARIABLE described
    OUTPUT_STRIP_TRAILING_WHITESPACE
    ERROR_QUIET
    RESULT_VARIABLE status)
  if(status EQUAL 0)
    set(commit "${described}")
  endif()
endif()
string(STRIP "${FLAGS}" FLAGS)
file(CONFIGURE OUTPUT "${OUTPUT}" @ONLY CONTENT [==[
#pragma once

namespace examples::build_info {

inline constexpr char const* compiler = "@COMPILER@";
inline constexpr char const* flags = "@FLAGS@";
inline constexpr char const* type = "@TYPE@";
inline constexpr char const* commit = "@commit@";

}  // namespace examples::build_info
]==])
