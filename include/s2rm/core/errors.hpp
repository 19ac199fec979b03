#pragma once
/// \file
/// Run-time errors: everything the library throws. Compile-time errors are in check/; docs/errors.md explains both.

#include <cstdio>
#include <cstdlib>
#include <initializer_list>
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

/// Throws `Error(text)`. A program compiled without exceptions prints the text and aborts: what can be avoided beforehand
/// has functions that return codes (`stream::observe`, `checkpoint_format::try_load`).
template <class Error>
[[noreturn, gnu::noinline, gnu::cold]] inline void throw_error(std::string const& text) {
#if S2RM_EXCEPTIONS
  throw Error(text);
#else
  std::fprintf(stderr, "%s\n", text.c_str());
  std::abort();
#endif
}

/// f(), and where it throws an `Error`, `otherwise(error)`. Without exceptions there is nothing to catch.
template <class Error, class F, class Otherwise>
auto catching([[maybe_unused]] F const& f, [[maybe_unused]] Otherwise const& otherwise) {
#if S2RM_EXCEPTIONS
  try {
    return f();
  } catch (Error const& thrown) {
    return otherwise(thrown);
  }
#else
  return f();
#endif
}

/// Throws `value_error` unless `condition` holds.
inline void require_value(bool condition, std::string const& text) {
  if (!condition) throw_error<value_error>("s2rm: " + text);
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
  throw_error<value_error>(all);
}

S2RM_NAMESPACE_END
