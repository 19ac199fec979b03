#pragma once
/// \file
/// Error texts of files: joined from pieces, naming the file, what was expected and what was found.

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "s2rm/core/config.hpp"
#include "s2rm/core/errors.hpp"

S2RM_NAMESPACE_BEGIN
namespace io::detail {

/// A name from a file, to be shown in quotes and fit for a terminal: at most 80 characters, all printable.
struct quoted {
  std::string_view name;
};

/// One piece of an error text. It refers to its content without owning it, so that a call site constructs and destroys
/// nothing: messages would otherwise take longer to compile than the rest of this folder.
class piece {
 public:
  piece(char const* text) : text_(text) {}                               // NOLINT(*-explicit-*): written in lists
  piece(std::string_view text) : text_(text) {}                          // NOLINT(*-explicit-*)
  piece(std::string const& text) : text_(text) {}                        // NOLINT(*-explicit-*)
  piece(quoted const& text) : text_(text.name), kind_(kind::name) {}     // NOLINT(*-explicit-*)
  piece(std::uint64_t number) : number_(number), kind_(kind::number) {}  // NOLINT(*-explicit-*)
  piece(std::span<index_t const> shape) : shape_(shape), kind_(kind::shape) {}     // NOLINT(*-explicit-*)
  piece(std::vector<index_t> const& shape) : shape_(shape), kind_(kind::shape) {}  // NOLINT(*-explicit-*)

  void append_to(std::string& out) const {
    if (kind_ == kind::text) {
      out += text_;
    } else if (kind_ == kind::number) {
      out += std::to_string(number_);
    } else if (kind_ == kind::name) {
      out += '\'';
      for (char const c : text_.substr(0, 80)) out += c >= ' ' && c <= '~' ? c : '?';
      out += text_.size() > 80 ? "...'" : "'";
    } else {  // a shape: [5, 48, 16]
      char const* separator = "[";
      for (auto const extent : shape_) {
        out += separator;
        out += std::to_string(extent);
        separator = ", ";
      }
      out += shape_.empty() ? "[]" : "]";
    }
  }

 private:
  enum class kind : std::uint8_t { text, number, name, shape };
  std::string_view text_;
  std::uint64_t number_ = 0;
  std::span<index_t const> shape_;
  kind kind_ = kind::text;
};
using pieces = std::initializer_list<piece>;

[[gnu::noinline]] inline void append(std::string& text, pieces added) {
  for (auto const& one : added) one.append_to(text);
}

/// Every refusal: "s2rm: <file>: <what>".
[[noreturn, gnu::noinline, gnu::cold]] inline void refuse(std::string const& file, pieces what) {
  std::string text;
  append(text, {"s2rm: ", file, ": "});
  append(text, what);
  throw_error<file_error>(text);
}
/// "s2rm: <file>: tensor '<name>': <what>".
[[noreturn, gnu::noinline, gnu::cold]] inline void refuse_tensor(std::string const& file, std::string_view name,
                                                                 pieces what) {
  std::string text;
  append(text, {"s2rm: ", file, ": tensor ", quoted{name}, ": "});
  append(text, what);
  throw_error<file_error>(text);
}

}  // namespace io::detail
S2RM_NAMESPACE_END

S2RM_NAMESPACE_BEGIN
namespace data = io;  ///< deprecated, removed in 0.3
S2RM_NAMESPACE_END
