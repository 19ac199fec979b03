#pragma once
/// \file
/// s2rm on the CPU: all of the library and `backend::eigen`.

#include "s2rm/backend/eigen/backend.hpp"
#include "s2rm/s2rm.hpp"
