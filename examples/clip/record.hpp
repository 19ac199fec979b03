#pragma once

#include <map>
#include <optional>

#include "settings.hpp"

namespace clip {

/// "S2GRU/views 10.psnr" and the like.
using figures = std::map<std::string, double>;

/// What a run leaves beside its checkpoint: of what and how it was trained, and what its test found.
struct run_record {
  std::int64_t seed = 0;
  selection shown;
  std::string frames_sha256;  ///< of the decoded frames
  fit_settings fit;
  index_t steps = 0, parameters = 0, skipped = 0, dead_modules = 0, best_step = 0;
  double seconds = 0, reach = 0, best_psnr = 0;  ///< seconds of training, all sittings together
  int threads = 0;
  bool finished = false;           ///< the schedule's end, or patience's
  std::vector<double> step, loss;  ///< smoothed training loss
  std::vector<double> validation_step, validation_psnr;
  figures test;          ///< empty until it was tested
  std::string manifest;  ///< JSON, of the test

  /// Forgets what came after a step, for a run that goes on from an earlier checkpoint.
  void rewind(index_t to);
  void write(std::filesystem::path const& path) const;
  /// Nothing where there is no file; throws std::runtime_error on one that is no such record.
  [[nodiscard]] static std::optional<run_record> read(std::filesystem::path const& path);
};

}  // namespace clip
