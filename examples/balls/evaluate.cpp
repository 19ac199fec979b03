// The command eval: all tests of one checkpoint, beside the peers.
#include "commands.hpp"
#include "experiment/campaign.hpp"
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
  examples::print_results(o, record, "Balls", score_tables(methods_of({record})));
  return 0;
}

}  // namespace balls
