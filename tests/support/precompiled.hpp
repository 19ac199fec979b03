#pragma once
/// \file
/// What nearly every test includes, compiled once for all of them where S2RM_TEST_PRECOMPILED asks for it. A test
/// includes what it uses nevertheless: presets without precompiled headers hold it to that.

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <numeric>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "s2rm/eigen.hpp"
#include "s2rm/ops/reference.hpp"
#if defined(S2RM_TEST_THRUST)
#include "s2rm/thrust.hpp"
#endif
#include "support/catch.hpp"
