#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "crop.hpp"

namespace clip {

/// A trained model that looks at one video, step by step: the library's stream and its weights.
class watcher {
 public:
  /// At most `views` a step, in frames of this extent. Throws where the checkpoint is not one of this model.
  watcher(std::filesystem::path const& checkpoint, extent of, index_t views);
  ~watcher();
  watcher(watcher const&) = delete;
  watcher& operator=(watcher const&) = delete;

  void reset();  ///< the next step is a video's first
  /// What is seen of z (H, W) in these crops; none is a blind step.
  void observe(std::span<float const> z, std::span<centre const> crops);
  /// z of the whole next frame (H, W): a grid of queries, their means averaged where they overlap.
  [[nodiscard]] std::vector<float> next();

  void keep();        ///< remembers the state
  void back_again();  ///< to where it was kept

  [[nodiscard]] static std::string description();

 private:
  struct inside;
  std::unique_ptr<inside> in_;
};

}  // namespace clip
