#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace examples {

/// JSON text from a file that anybody may have written. Refuses, beyond what is no JSON: keys that occur twice (parsers
/// drop one of them in silence), deep nesting, objects of more than 2000 keys, more than two million values, trailing text.
/// \param source  the file's name, for error texts
/// \throws std::runtime_error naming the source, what was expected and what was found.
[[nodiscard]] nlohmann::ordered_json parse_json(std::string_view text, std::string const& source);

/// JSON text in UTF-8. What is not UTF-8, such as a file's name in an older encoding, is replaced (U+FFFD): to refuse it
/// would lose the record of a whole run.
[[nodiscard]] std::string json_text(nlohmann::ordered_json const& value, int indent = -1);

/// The fields of one JSON object, taken one by one. Each throws std::runtime_error that names the source, the field, what
/// was expected and what was found; `done` refuses fields that nobody took.
class json_fields {
 public:
  /// \param where  source and place of the object, for error texts: "run.json" or "run.json: fit"
  json_fields(nlohmann::ordered_json const& object, std::string where);

  [[nodiscard]] bool has(char const* name) const { return object_->contains(name); }
  [[nodiscard]] std::int64_t integer(char const* name, std::int64_t least = 0,
                                     std::int64_t most = std::int64_t{1} << 53);
  [[nodiscard]] bool flag(char const* name);
  /// NaN where the file has null: JSON has no other word for it.
  [[nodiscard]] double number(char const* name);
  [[nodiscard]] std::string text(char const* name);
  /// As `number`, at most a million.
  [[nodiscard]] std::vector<double> numbers(char const* name);
  [[nodiscard]] json_fields object(char const* name);
  /// Every key of this object and its number.
  [[nodiscard]] std::vector<std::pair<std::string, double>> all_numbers();
  void done() const;

 private:
  nlohmann::ordered_json const& take(char const* name);
  [[noreturn]] void refuse(std::string const& name, std::string const& expected,
                           nlohmann::ordered_json const& found) const;
  [[nodiscard]] double number_in(nlohmann::ordered_json const& value, std::string const& name) const;

  nlohmann::ordered_json const* object_;
  std::string where_;
  std::set<std::string> taken_;
};

}  // namespace examples
