// Residual read-outs: the guess to which the decoder's output is added.
#include "s2rm/decoder/residual.hpp"

#include "support/catch.hpp"

namespace s2rm {

namespace {

struct sites : shape {
  static constexpr index_t place = 2;
  using view = features<3>;
  using target = features<2>;
};
// Three views of three numbers; the second is absent.
double const view[] = {1, 2, 3, NAN, NAN, NAN, 5, 7, 9};
double const place[] = {0, 0, NAN, NAN, 0.6, 0.8};
std::uint8_t const present[] = {1, 0, 1};
residual::seen<sites, double> const seen{view, place, present, 3};

}  // namespace

TEST_CASE("own reading: the reading at the query's place, or 0") {
  using half = residual::own_reading<std::ratio<1, 2>>;
  double const here[] = {0.6, 0.8}, elsewhere[] = {0.5, 0.5};
  CHECK((half::guess<sites, double>(seen, here, 0)) == 2.5);
  CHECK((half::guess<sites, double>(seen, here, 1)) == 3.5);
  CHECK((half::guess<sites, double>(seen, elsewhere, 0)) == 0.0);
  CHECK((residual::none::guess<sites, double>(seen, here, 0)) == 0.0);
  // A masked slot may still hold a view and its place.
  std::uint8_t const absent[] = {0};
  residual::seen<sites, double> const masked{view, elsewhere, absent, 1};
  CHECK((half::guess<sites, double>(masked, elsewhere, 0)) == 0.0);
}

TEST_CASE("inverse distance: a mean weighted by 1 / squared distance") {
  using plain = residual::inverse_distance<>;
  double const x[] = {0.3, 0.0};
  double const a = 1 / (0.09 + 1e-6), b = 1 / (0.09 + 0.64 + 1e-6);
  CHECK((plain::guess<sites, double>(seen, x, 1)) == Approx((2 * a + 7 * b) / (a + b)).epsilon(1e-14));
  double const at_first[] = {0.0, 0.0};
  CHECK((plain::guess<sites, double>(seen, at_first, 0)) == Approx(1).margin(1e-5));
  residual::seen<sites, double> const nothing{view, place, present + 1, 1};
  CHECK((plain::guess<sites, double>(nothing, x, 0)) == 0.0);
}

TEST_CASE("context: the guess is a part of the query's own context") {
  double const x[] = {0, 0}, c[] = {1, 2, 3, 4};
  CHECK((residual::context<>::guess<sites, double>(seen, x, c, 1)) == 2.0);
  CHECK((residual::context<2>::guess<sites, double>(seen, x, c, 1)) == 4.0);
  // Two queries, whose context lies in rows of five numbers.
  double const context[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, places[] = {0, 0, 0.6, 0.8};
  double o[] = {10, 20, 30, 40, 10, 20, 30, 40};
  residual::add_guess<residual::context<1>, sites, features<2>, double> const add{
      view, place, present, 3, 2, 4, places, o, {context + 1, 5}};
  for (index_t i = 0; i < 2; ++i) add(i);
  double const expected[] = {13, 24, 30, 40, 18, 29, 30, 40};
  for (int i = 0; i < 8; ++i) CHECK(o[i] == expected[i]);
}

TEST_CASE("the guess is added to the location of every query") {
  double const x[] = {0, 0, 0.6, 0.8, 0.1, 0.1};
  double o[] = {10, 20, 30, 40, 10, 20, 30, 40, 10, 20, 30, 40};  // three queries: mean (2), log-variance (2)
  residual::add_guess<residual::own_reading<>, sites, features<2>, double> const add{view, place, present, 3,
                                                                                     3,    4,     x,       o};
  for (index_t i = 0; i < 3; ++i) add(i);
  double const expected[] = {11, 22, 30, 40, 15, 27, 30, 40, 10, 20, 30, 40};
  for (int i = 0; i < 12; ++i) CHECK(o[i] == expected[i]);
}

}  // namespace s2rm
