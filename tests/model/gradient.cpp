// The whole model against finite differences: the default model in every shape.
#include "support/backends.hpp"
#include "support/model_gradient.hpp"

namespace s2rm {

TEST_CASE("the default model, every shape and mask") {
  backend::eigen const be;
  test::check_gradient_everywhere<test::tiny_net<>>("default", be);
}

TEST_CASE("the default model, every single parameter") {
  backend::eigen const be{.threads = 2};
  test::check_gradient<test::tiny_net<>>(
      "default, all parameters", be, {.time = 3, .present = test::slots::some, .reset = true, .blind = true, .seed = 5},
      false, test::sampling::every);
}

TEST_CASE("the default model, long sequences of many views") {
  backend::eigen const be;
  for (auto const present : {test::slots::all, test::slots::some, test::slots::none}) {
    for (bool const carries : {false, true}) {
      test::check_gradient<test::tiny_net<>>("default, long", be,
                                             {.time = 17,
                                              .batch = 2,
                                              .views = 4,
                                              .queries = 1,
                                              .present = present,
                                              .asked = test::slots::some,
                                              .reset = true,
                                              .blind = true,
                                              .seed = 8},
                                             carries);
    }
  }
}

TEST_CASE("the default model on Thrust's host systems") {
  test::on_every_thrust([](auto const& be, std::string const& name) {
    test::check_gradient_everywhere<test::tiny_net<>>("default on " + name, be);
  });
}

TEST_CASE("the default model on naive loops") {
  test::check_gradient_everywhere<test::tiny_net<>>("default on naive loops", ops::reference{});
}

}  // namespace s2rm
