// A stranger's first program: the same file for every way of getting at the library. It trains a small model on numbers
// made here and fails where the loss does not go down.
#include <cstdio>
#include <s2rm/eigen.hpp>
#include <vector>

namespace {

struct tiny : s2rm::shape {
  static constexpr s2rm::index_t modules = 3, hidden = 8, heads = 2, head_width = 4, sphere = 4, place_hidden = 8;
  using view = s2rm::features<2>;
};
using net = s2rm::world_model<tiny, s2rm::encoder::mlp<8, 8>, s2rm::decoder::mlp<8>, s2rm::likelihood::bernoulli>;
static_assert(net::parameter_count < 10'000);

}  // namespace

int main() {
  constexpr s2rm::index_t time = 4, batch = 2, views = 3;
  std::vector<float> view(time * batch * views * 2), place(view.size()), target(view.size());
  for (std::size_t i = 0; i < view.size(); ++i) {
    view[i] = static_cast<float>(i % 5) - 2.0f;
    place[i] = static_cast<float>(i % 7) / 3.5f - 1.0f;
    target[i] = i % 5 < 2 ? 0.0f : 1.0f;
  }
  s2rm::batch_view<float> b{};
  b.time = time;
  b.batch = batch;
  b.views = views;
  b.queries = views;
  b.view = view.data();
  b.place = place.data();
  b.query_place = place.data();
  b.target = target.data();

  s2rm::trainer<net, s2rm::backend::eigen> learner{{}, s2rm::optim::adam{.rate = 1e-2f}, s2rm::seed{7}};
  double const before = learner.evaluate(b);
  for (int i = 0; i < 20; ++i) learner.step(b);
  double const after = learner.evaluate(b);
  std::printf("s2rm %s: loss %.4f -> %.4f\n", S2RM_VERSION_STRING, before, after);
  return after < 0.9 * before ? 0 : 1;
}
