#pragma once
/// \file
/// What a call that must be refused says.

#include <exception>
#include <string>

namespace s2rm::test {

/// The text of the E that f throws; another where it throws nothing.
template <class E, class F>
std::string refused(F const& f) {
  try {
    f();
  } catch (E const& e) {
    return e.what();
  }
  return "nothing was thrown";
}

}  // namespace s2rm::test
