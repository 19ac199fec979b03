#pragma once

#include <string>
#include <vector>

#include "common/shell.hpp"
#include "series.hpp"

namespace sensors {

/// Work for the statistics packages of R: arrays in files, a command of peers.R over them, arrays back.
class statistics {
 public:
  explicit statistics(series const& data);

  void write(std::string const& name, std::vector<double> const& table) const;
  /// Runs a command of peers.R. Empty when it succeeded, else the reason why there is no result.
  [[nodiscard]] std::string run(std::string const& command, std::vector<index_t> const& numbers) const;
  /// Throws std::runtime_error where the array has not `size` numbers.
  [[nodiscard]] std::vector<double> read(std::string const& name, std::size_t size) const;

 private:
  examples::temporary_folder folder{"sensors-peers"};
  index_t stations;
};

}  // namespace sensors
