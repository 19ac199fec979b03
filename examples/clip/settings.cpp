#include "settings.hpp"

namespace clip {
namespace {

/// f(key, setting) for every setting of this example alone.
template <class Options, class F>
void for_own(Options& o, F const& f) {
  f("shown.video", o.shown.video);
  f("shown.region", o.shown.region);
  f("shown.width", o.shown.width);
  f("shown.height", o.shown.height);
  f("fit.queries", o.queries);
  f("fit.varied.mirrored", o.varied.mirrored);
  f("fit.varied.inverted", o.varied.inverted);
  f("fit.varied.reversed", o.varied.reversed);
  f("fit.varied.contrast", o.varied.contrast);
  f("fit.varied.shift", o.varied.shift);
}

}  // namespace

options::options() {
  model = "s2gru";
  one_model = true;
  out = "results/clip";
  fit.steps = 2000;
  fit.average = 0.99;
  fit.curriculum = 300;
  fit.validate_every = 100;
  fit.patience = 10;
}

examples::manifest options::own_settings(std::string const& frames_sha256) const {
  examples::manifest own;
  own.set("frames_sha256", frames_sha256);
  for_own(*this, [&](char const* key, auto const& setting) { own.set(key, setting); });
  return own;
}

std::string options::take_own(examples::manifest const& from) {
  for_own(*this, [&]<class T>(char const* key, T& setting) {
    if constexpr (std::is_integral_v<T>) {
      setting = static_cast<T>(from.at<std::int64_t>(key));
    } else {
      setting = from.at<T>(key);
    }
  });
  return from.at<std::string>("frames_sha256");
}

}  // namespace clip
