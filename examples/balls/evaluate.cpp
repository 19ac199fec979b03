// The command eval: all tests of one checkpoint, beside the peers.
#include <cstdio>

#include "commands.hpp"
#include "common/sha256.hpp"
#include "tables.hpp"
#include "task.hpp"

namespace balls {

int evaluate(options const& o) {
  task work;
  auto [record, learner] = examples::load_trained(work, o, "balls");
  auto with = o;
  with.fit = record.fit;
  work.test(record, *learner, with);
  record.write(o.record_path());
  auto const all = methods_of({record});
  std::string text = "# Balls: " + record.title + ", seed " + std::to_string(o.seed) + "\n\n";
  for (auto const& table : score_tables(all)) {
    std::printf("%s\n", examples::report::plain_text(table).c_str());
    text += examples::report::markdown(table) + "\n";
  }
  auto const page = o.record_path().replace_extension(".md");
  examples::write_file(page, text + "## Manifest\n\n```json\n" + record.manifest + "```\n");
  std::fprintf(stderr, "wrote %s\n", page.c_str());
  return 0;
}

}  // namespace balls
