// The CPU backend as a compiler without vector extensions sees it: everything on plain numbers, products by Eigen.
#define S2RM_HAS_VECTOR_KERNEL 0

#include "s2rm/ops/reference.hpp"
#include "support/backends.hpp"
#include "support/conforms.hpp"
#include "train/batches.hpp"

namespace s2rm {

static_assert(math::register_width<float> == 1);

TEST_CASE("without vector extensions: a training step is that of the naive loops") {
  using net = test::small_net;
  auto const owned = test::random_batch<net, float>(4, 3, 3, 2, 7, {.view_mask = true, .target_mask = true});
  auto const batch = owned.look();
  trainer<net, backend::eigen> ours{{.threads = 2}, {}, seed{3}};
  trainer<net, ops::reference> naive{{}, {}, seed{3}};
  auto const a = ours.step(batch), b = naive.step(batch);
  CHECK(a.loss == Approx(b.loss).epsilon(1e-5));
  CHECK(a.gradient_norm == Approx(b.gradient_norm).epsilon(1e-5));
  CHECK(ours.evaluate(batch) == Approx(naive.evaluate(batch)).epsilon(1e-5));
}

TEST_CASE("without vector extensions: bf16 weights are the rounded ones") {
  constexpr index_t Out = 75, In = 21;
  auto const from = test::normal_numbers(Out * In, 1), x64 = test::normal_numbers(In, 2);
  std::vector<float> const w(from.begin(), from.end()), x(x64.begin(), x64.end());
  std::vector<bf16> half(w.size() + packed_slack);
  std::vector<float> y(Out), expected(Out, 0.0F);
  backend::eigen be;
  be.pack_half<1, Out, In>(w.data(), half.data());
  backend::detail::product_block<float, bf16>({x.data(), In, 1, half.data(), y.data(), Out, nullptr, false}, 1, Out,
                                              In);
  for (std::size_t o = 0; o < Out; ++o) {
    for (std::size_t k = 0; k < In; ++k) {
      auto const bits = std::uint32_t{backend::detail::rounded(w[o * In + k]).bits} << 16;
      expected[o] += x[k] * std::bit_cast<float>(bits);
    }
  }
  CHECK(test::relative_error(y, expected) <= 1e-6);
}

}  // namespace s2rm
