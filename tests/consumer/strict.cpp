// The library among a parent project's warnings (cmake/header_tests.cmake), all of them errors.
#include "whole_library.hpp"
