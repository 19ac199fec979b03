#pragma once

#include "model.hpp"
#include "settings.hpp"

// NOLINTBEGIN(readability-identifier-naming): the library's names
namespace CLI {
class App;
}  // namespace CLI
// NOLINTEND(readability-identifier-naming)

/// The options that commands on runs have in common; what is said goes into `o`, which must outlive the parsing.
namespace examples {

/// --out, --threads.
void add_output_options(CLI::App& app, run_options& o);
/// The same and --data-seed.
void add_common_options(CLI::App& app, run_options& o);
/// --seed, --checkpoint.
void add_seed_options(CLI::App& app, run_options& o);
/// The same, --model and --cell.
void add_run_options(CLI::App& app, run_options& o, std::span<model_entry const> known);
/// Everything about a fit.
void add_fit_options(CLI::App& app, run_options& o);
/// --models, --seeds, --budget, --page.
void add_campaign_options(CLI::App& app, run_options& o);

}  // namespace examples
