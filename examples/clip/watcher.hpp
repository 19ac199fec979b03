#pragma once

#include <memory>
#include <span>
#include <vector>

#include "model.hpp"

namespace clip {

/// A trained model that looks at one video, frame by frame.
class watcher {
 public:
  /// In frames of this extent; the model must outlive it.
  watcher(model const& learner, extent of);

  void reset() { live_->reset(); }  ///< the next step is a video's first
  /// What is seen of z (H, W) in these crops; none is a blind step.
  void observe(std::span<float const> z, std::span<centre const> crops);
  /// z of the whole next frame (H, W): a grid of queries, their means averaged where they overlap.
  [[nodiscard]] std::vector<float> next();

  void save_state() { live_->save_state(); }
  void restore_state() { live_->restore_state(); }

 private:
  extent of_;
  std::vector<centre> asked_;
  std::unique_ptr<examples::watcher> live_;
  std::vector<float> asked_places_, views_, places_, count_;
};

}  // namespace clip
