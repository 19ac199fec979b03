#pragma once

#include <functional>

#include "peers.hpp"
#include "scene.hpp"
#include "watcher.hpp"

namespace clip {

/// For how many frames at most a roll-out goes on without views.
inline constexpr index_t horizon = 20;

/// Calls f(t, z) for every frame t of the test part but the first: z (H, W) is what is believed of it, from views of the
/// frames up to t - 1 in this draw.
void live_through(watcher& live, scene const& from, index_t draw, index_t views,
                  std::function<void(index_t, std::vector<float> const&)> const& f);

/// The frames after which a roll-out goes blind.
[[nodiscard]] std::vector<index_t> roll_out_starts(scene const& from);

/// All tests of the model and its peers on the whole test part, whole frames, in several draws of the views:
///   "<method>/views <n>.<measure>"   one step ahead, n = 1 .. 20 views
///   "<method>/blind <k>.<measure>"   k = 1 .. 20 frames after the last of ten views
/// with the measures psnr, moving and ssim. Reports (done, all) now and then.
[[nodiscard]] figures measure(watcher& live, scene const& from, index_t draws,
                              std::function<void(index_t, index_t)> const& progress);

}  // namespace clip
