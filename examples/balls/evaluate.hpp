#pragma once

#include "common/manifest.hpp"
#include "model.hpp"
#include "record.hpp"

namespace balls {

/// Tests a trained model: fills `of.test` and `of.manifest`.
void test_run(run_record& of, model& learner, options const& o);

/// Everything a figure needs to be made again.
[[nodiscard]] examples::manifest manifest_of(options const& o, model const& learner);

}  // namespace balls
