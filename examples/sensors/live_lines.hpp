#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "series.hpp"

/// What `sensors live` reads: JSON lines, taken one by one from a pipe or a file.
namespace sensors {

/// One line, understood.
struct live_line {
  enum class kind {
    reading,  ///< {"time", "station", "value"} and, of a new or moved station, "x", "y"
    place,    ///< {"place", "x", "y"}: a place that is to be forecast too
    clock     ///< {"time"}: that time has come, whatever was read
  };
  kind is = kind::reading;
  time_stamp time = 0;
  std::string name;            ///< of the station or the place
  std::optional<double> x, y;  ///< both or neither
  double value = missing;      ///< missing: null in the line, the station reports that it has no reading
};

/// The longest line in bytes, and the longest name.
inline constexpr std::size_t most_line = 65536, most_name = 200;

/// Reads a line. Further keys are not used.
/// \throws data_error with what was expected and what was found, without the line's number.
[[nodiscard]] live_line read_live_line(std::string_view text, coordinate_kind kind);

/// Lines of a file descriptor. Holds one line and one piece of what was read, whatever comes.
class line_reader {
 public:
  enum class outcome { line, too_long, end, interrupted };

  explicit line_reader(int descriptor) : descriptor_(descriptor) {}
  /// The next line without its end (a last one needs none); returns `interrupted` soon after `examples::interrupt` was
  /// requested. Of a line that is too long `line` is its begin. \throws data_error where reading fails.
  [[nodiscard]] outcome next(std::string& line);

 private:
  [[nodiscard]] bool fill(outcome& stopped);

  int descriptor_;
  std::string piece_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

}  // namespace sensors
