#pragma once

#include "batch.hpp"
#include "experiment/fit.hpp"
#include "footage.hpp"
#include "model.hpp"

namespace clip {

/// What the model of this example is trained and tested for: the parts of one video.
class task final : public examples::task {
 public:
  /// Decodes the video that the options name. Throws std::runtime_error where it cannot be used.
  explicit task(options o);

  [[nodiscard]] footage const& video() const { return video_; }
  [[nodiscard]] scene const& from() const { return from_; }

  [[nodiscard]] std::span<examples::model_entry const> models() const override { return known_models(); }
  [[nodiscard]] s2rm::batch_view<float> batch(examples::run_options const& o, index_t step) override;
  /// PSNR of the means over all pixels of the validation part, seen four times through other views.
  [[nodiscard]] examples::validation validate(model& learner, examples::run_options const& o) override;
  [[nodiscard]] examples::criterion chosen_by() const override { return {"psnr", true}; }
  void announce(examples::run_options const& o) override;
  void test(run_record& of, model& learner, examples::run_options const& o) override;

  /// Everything a figure needs to be made again.
  [[nodiscard]] examples::manifest manifest_of(run_record const& of, model const& learner,
                                               examples::run_options const& o) const;

 private:
  options o_;
  footage video_;
  scene from_;
  clip::batch held_out_, pieces_;
};

/// A trained run and the video it is of.
struct trained {
  task work;
  run_record record;
  std::unique_ptr<model> learner;  ///< the weights that validation chose

  /// Throws std::runtime_error where there is no such run, or the video is not the one it was trained on.
  [[nodiscard]] static trained open(options o);
};

}  // namespace clip
