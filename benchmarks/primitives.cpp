// The primitives of ops/ops.hpp at the sizes of `balls`: M = 10 products of 256 -> 384 over 32 rows (a time step), and
// the gradient of their weights over the 640 rows of a sequence.

#include "parts.hpp"

namespace bench {

namespace {

constexpr index_t G = 10, Out = 384, In = 256;
constexpr index_t per_row = G * Out * In;
using one_weight = s2rm::schema<s2rm::field<"weight", G, Out, In>, s2rm::field<"bias", G, Out>>;

template <class B>
struct product {
  B be;
  index_t n;
  s2rm::parameters<one_weight, B, float> w;
  std::vector<float> x, y;
  product(B backend, index_t count)
      : be(std::move(backend)),
        n(count),
        w(weights<one_weight>(be, In)),
        x(numbers(n * G * In, 1)),
        y(numbers(n * G * Out, 2)) {}
  void step() {
    auto const p = w.view();
    be.product(p.template matrix<"weight">(), p.template at<"bias">(), n, rows<float const>{x.data(), G * In, In},
               rows<float>{y.data(), G * Out, Out});
  }
  [[nodiscard]] std::vector<result> results() const { return {{"y", &y}}; }
};

template <class B>
struct product_transposed : product<B> {
  using product<B>::product;
  void step() {
    auto const p = this->w.view();
    this->be.product_transposed(p.template matrix<"weight">(), this->n, rows<float const>{this->y.data(), G * Out, Out},
                                rows<float>{this->x.data(), G * In, In});
  }
  [[nodiscard]] std::vector<result> results() const { return {{"dx", &this->x}}; }
};

template <class B>
struct outer_add {
  B be;
  index_t n;
  std::vector<float> dy, x, dw;
  outer_add(B backend, index_t count)
      : be(std::move(backend)),
        n(count),
        dy(numbers(n * G * Out, 1)),
        x(numbers(n * G * In, 2)),
        dw(numbers(per_row, 3)) {}
  void step() {
    be.template outer_add<G, Out, In>(n, rows<float const>{dy.data(), G * Out, Out},
                                      rows<float const>{x.data(), G * In, In}, dw.data());
  }
  [[nodiscard]] std::vector<result> results() const { return {{"dw", &dw}}; }
};

}  // namespace

void add_primitives(suite& to) {
  auto const work = [](index_t n) {
    return worth{.flops = 2.0 * static_cast<double>(n * per_row), .bytes = 4.0 * per_row};
  };
  for (index_t n : {1, 32}) {
    std::string const sizes = "/10x256x384/rows:" + std::to_string(n);
    add_part<product>(to, "product" + sizes, work(n), n, n);
    add_part<product_transposed>(to, "product_transposed" + sizes, work(n), n, n);
  }
  add_part<outer_add>(to, "outer_add/10x256x384/rows:640", work(640), 640, 40);
}

}  // namespace bench
