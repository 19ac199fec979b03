// One golden file against one model, for any model: support/golden.hpp.
#include "support/golden.hpp"

namespace s2rm::test {

void compare(std::string const& name, bool single, std::span<field_info const> fields, golden_model const& run) {
  INFO(name << (single ? ", float" : ", double"));
  auto const out = golden("model_" + name + ".out");
  auto const checkpoint = golden(*out.find_metadata("checkpoint"));
  index_t parameters = 0;
  for (auto const& f : fields) parameters += f.size;
  std::vector<double> values(static_cast<std::size_t>(parameters), NAN);
  for (auto const& f : fields) {
    std::vector<index_t> const shape(f.extents.begin(), f.extents.begin() + f.rank);
    checkpoint.copy(checkpoint.at<double>(f.name, shape), values.data() + f.offset);
  }
  auto const found = run(values, golden(*out.find_metadata("batch")));
  hold("prediction", found.prediction, out.numbers<double>("prediction"), single);
  hold("state", found.state, out.numbers<double>("state"), single);
  hold("loss", {found.loss}, out.numbers<double>("loss"), single);
  int gradients = 0;
  for (auto const& f : fields) {
    std::string const tensor = "grad." + std::string(f.name);
    auto const at = found.gradient.begin() + f.offset;
    hold(tensor, std::vector<double>(at, at + f.size), out.numbers<double>(tensor), single);
    ++gradients;
  }
  for (auto const& t : out.tensors) gradients -= t.name.starts_with("grad.") ? 1 : 0;
  CHECK(gradients == 0);
}

}  // namespace s2rm::test
