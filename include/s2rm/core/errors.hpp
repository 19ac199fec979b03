#pragma once
/// \file
/// Run-time errors: everything the library throws. Compile-time errors are in check/; docs/errors.md explains both.

#include <initializer_list>
#include <stdexcept>
#include <string>

#include "s2rm/core/config.hpp"

namespace s2rm {

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

/// A text or a number of an error text. It owns nothing, so that a call constructs a string only where it throws, and
/// compiles to a list of pointers.
struct text_or_number {
  constexpr text_or_number(char const* words) : text(words) {}  // NOLINT(*-explicit-*): written in lists
  constexpr text_or_number(index_t count) : number(count) {}    // NOLINT(*-explicit-*)
  char const* text = nullptr;                                   ///< null: a number
  index_t number = 0;
};
/// The same with a text that is joined where it is thrown.
[[gnu::noinline]] inline void require_value(bool condition, std::initializer_list<text_or_number> text) {
  if (condition) return;
  std::string all = "s2rm: ";
  for (auto const& one : text) all += one.text == nullptr ? std::to_string(one.number) : one.text;
  throw value_error(all);
}

}  // namespace s2rm
