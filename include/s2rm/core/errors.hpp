#pragma once
/// \file
/// Run-time errors: everything the library throws. Compile-time errors are in check/; docs/errors.md explains both.

#include <stdexcept>
#include <string>

#include "s2rm/core/config.hpp"

S2RM_NAMESPACE_BEGIN

/// Base of everything the library throws. The text names what was wrong, where, and what was expected.
struct error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// An array at the data boundary has other extents than the model and its neighbours need.
struct shape_error : error {
  using error::error;
};

/// A file could not be read or written, or does not hold what it must.
struct file_error : error {
  using error::error;
};

/// An option or a number is outside its domain.
struct value_error : error {
  using error::error;
};

/// Throws `value_error` unless `condition` holds.
inline void require_value(bool condition, std::string const& text) {
  if (!condition) throw value_error("s2rm: " + text);
}

S2RM_NAMESPACE_END
