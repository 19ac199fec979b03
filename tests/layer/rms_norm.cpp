// RMS normalisation of a module's state.
#include "s2rm/layer/rms_norm.hpp"

#include "support/backends.hpp"
#include "support/conforms.hpp"

namespace s2rm {
using test::problem;

namespace {

template <index_t M, index_t H, class B>
problem norm(B& be, std::string const& name, index_t n, std::uint32_t stream) {
  problem p;
  p.name = name;
  p.rows = n;
  p.arguments = {{"h", M * H, false, test::normal_numbers(n * M * H, stream)}};
  p.arguments[0].added = true;
  p.output = M * H;
  p.saved = M + M * H;  // the factors, and y once more
  p.forward = [&be](index_t count, auto const& in, double* y, double* saved, double*) {
    layer::normalise_rows<M, H, B, double>(be, count * M, {in[0], M * H, H}, {y, M * H, H}, saved);
    std::copy_n(y, count * M * H, saved + count * M);
  };
  p.backward = [&be](index_t count, auto const&, double const* dy, double const* saved, double*, auto const& d,
                     double*) {
    layer::normalise_rows_backward<M, H, B, double>(be, count * M, {saved + count * M, M * H, H}, {dy, M * H, H}, saved,
                                                    {d[0], M * H, H});
  };
  return p;
}

}  // namespace

TEST_CASE("RMS normalisation conforms") {
  test::on_every_backend([](auto& be, std::string const& name) {
    test::conforms(norm<3, 5>(be, "rms 3 x 5, " + name, 4, 1));
    test::conforms(norm<1, 1>(be, "rms 1 x 1, " + name, 2, 2));
    test::conforms(norm<5, 67>(be, "rms 5 x 67, " + name, 3, 4));
    test::conforms(norm<2, 16>(be, "rms 2 x 16, " + name, 1, 3));
  });
}

TEST_CASE("the mean square becomes 1, and zero stays zero") {
  double const h[] = {3, -4, 0, 0};
  double y[4], factor[2];
  layer::rms_row<2, 2, double> const norm{{h, 4, 2}, {y, 4, 2}, factor};
  norm(0);
  norm(1);
  CHECK(factor[0] == Approx(1 / std::sqrt(12.5 + 1e-4)).epsilon(1e-14));
  CHECK(y[1] == Approx(-4 / std::sqrt(12.5 + 1e-4)).epsilon(1e-14));
  CHECK(y[2] == 0);
  CHECK(factor[1] == Approx(100));
}

}  // namespace s2rm
