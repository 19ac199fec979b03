# Eigen, xtensor, RapidJSON and threads, for the project's own build and for those who find the package: the only place
# that names their versions. What the including project already has, a target or a version that it found, is used as it
# is: a second search could find another version behind its back.
#
# Sets   s2rm_dependencies   the targets to link
#        s2rm_missing        what is missing or too old and how to give it; empty where nothing is
set(s2rm_dependencies "")
set(s2rm_missing "")

# s2rm_first_library(<variable> <target>...): the first of them that is a library with headers of its own, or nothing. (A
# target of ExternalProject is none, and RapidJSON's in its own source tree has headers only once it is installed.)
function(s2rm_first_library variable)
  set(${variable} "" PARENT_SCOPE)
  foreach(name IN LISTS ARGN)
    if(TARGET ${name})
      get_target_property(type ${name} TYPE)
      get_target_property(folders ${name} INTERFACE_INCLUDE_DIRECTORIES)
      get_target_property(linked ${name} INTERFACE_LINK_LIBRARIES)
      if(type MATCHES "_LIBRARY$" AND (linked OR (folders AND NOT folders MATCHES "^.<INSTALL_INTERFACE:[^>]*>$")))
        set(${variable} "${name}" PARENT_SCOPE)
        return()
      endif()
    endif()
  endforeach()
endfunction()

# ---- Eigen ---------------------------------------------------------------------------------------------------------
# No version is asked for: Eigen 3.4's own version file refuses "3.4 or any later one", and Eigen 5's refuses "3.4".
if(TARGET Eigen3::Eigen)
  # the project's own
elseif(EIGEN3_INCLUDE_DIR)  # a FindEigen3.cmake of the project's own gives no more than this
  add_library(Eigen3::Eigen INTERFACE IMPORTED)
  set_target_properties(Eigen3::Eigen PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${EIGEN3_INCLUDE_DIR}")
else()
  find_package(Eigen3 QUIET CONFIG)
  if(NOT TARGET Eigen3::Eigen)
    string(APPEND s2rm_missing "Eigen 3.4 or newer was not found: set Eigen3_DIR or CMAKE_PREFIX_PATH, or make the target "
      "Eigen3::Eigen before (Debian: libeigen3-dev). ")
  elseif(Eigen3_VERSION AND Eigen3_VERSION VERSION_LESS 3.4)
    string(APPEND s2rm_missing "Eigen 3.4 or newer is needed, and ${Eigen3_DIR} has ${Eigen3_VERSION}. ")
  endif()
endif()
list(APPEND s2rm_dependencies Eigen3::Eigen)

# ---- xtensor -------------------------------------------------------------------------------------------------------
s2rm_first_library(s2rm_xtensor xtensor xtensor::xtensor)
if(NOT s2rm_xtensor)
  find_package(xtensor QUIET)
  s2rm_first_library(s2rm_xtensor xtensor xtensor::xtensor)
  if(NOT s2rm_xtensor)
    string(APPEND s2rm_missing "xtensor 0.24 or newer was not found, or the xtl that it needs: set xtensor_DIR, xtl_DIR or "
      "CMAKE_PREFIX_PATH, or make the target xtensor before (Debian: libxtensor-dev). ")
  elseif(xtensor_VERSION AND xtensor_VERSION VERSION_LESS 0.24)
    string(APPEND s2rm_missing "xtensor 0.24 or newer is needed, and ${xtensor_DIR} has ${xtensor_VERSION}. ")
  endif()
endif()
list(APPEND s2rm_dependencies ${s2rm_xtensor})

# ---- RapidJSON -----------------------------------------------------------------------------------------------------
# The package files of its releases differ too much to be relied on: variables in some, one target or another in others.
s2rm_first_library(s2rm_rapidjson RapidJSON::RapidJSON RapidJSON rapidjson rapidjson::rapidjson)
if(NOT s2rm_rapidjson)
  # What the project found or fetched comes first.
  find_path(RapidJSON_INCLUDE_DIR NAMES rapidjson/reader.h NO_DEFAULT_PATH PATHS
    ${RapidJSON_INCLUDE_DIRS} ${RAPIDJSON_INCLUDE_DIRS} ${RapidJSON_SOURCE_DIR}/include ${rapidjson_SOURCE_DIR}/include)
  find_path(RapidJSON_INCLUDE_DIR NAMES rapidjson/reader.h)
  mark_as_advanced(RapidJSON_INCLUDE_DIR)
  if(RapidJSON_INCLUDE_DIR)
    set(s2rm_rapidjson RapidJSON::RapidJSON)
    add_library(RapidJSON::RapidJSON INTERFACE IMPORTED)
    set_target_properties(RapidJSON::RapidJSON PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${RapidJSON_INCLUDE_DIR}")
  else()
    string(APPEND s2rm_missing "RapidJSON 1.1 or newer was not found: set RapidJSON_INCLUDE_DIR (the folder that holds "
      "rapidjson/reader.h) or CMAKE_PREFIX_PATH (Debian: rapidjson-dev). ")
  endif()
endif()
list(APPEND s2rm_dependencies ${s2rm_rapidjson})

# ---- threads -------------------------------------------------------------------------------------------------------
find_package(Threads QUIET)
if(NOT TARGET Threads::Threads)
  string(APPEND s2rm_missing "No thread library was found. ")
endif()
list(APPEND s2rm_dependencies Threads::Threads)

# ---- not optimised -------------------------------------------------------------------------------------------------
# What a generator of one configuration builds where nobody chose one: 26 times as slow as -O2.
get_property(s2rm_multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(NOT s2rm_multi_config AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CXX_FLAGS MATCHES "-O([1-9sfgz ]|$)" AND NOT s2rm_FIND_QUIETLY)
  message(STATUS "s2rm: CMAKE_BUILD_TYPE is not set, so the compiler does not optimise and programs take some 26 times as "
    "long; -DCMAKE_BUILD_TYPE=Release is what is meant for use")
endif()
