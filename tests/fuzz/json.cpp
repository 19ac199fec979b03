// Any bytes as the JSON files that the examples read back: the record of a run, the training log of sensors.
#include "experiment/record.hpp"
#include "fuzz/fuzz.hpp"
#include "sensors/results.hpp"

int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
  auto const text = s2rm::fuzz::as_text(bytes, size);
  s2rm::fuzz::taken<std::runtime_error>("run.json", [&] {
    auto record = examples::run_record::parse(text, "run.json");
    record.rewind(record.steps / 2);
    s2rm::fuzz::promise(record.loss.size() == record.step.size(), "a loss for each step");
  });
  s2rm::fuzz::taken<std::runtime_error>("training.json", [&] {
    sensors::training_log log;
    log.parse(text, "training.json");
    static_cast<void>(log.find("forecast", 1));
  });
  return 0;
}
