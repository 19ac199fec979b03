// Parity with PyTorch: the cell and the attention on their own.
#include "s2rm/cell/lstm.hpp"
#include "s2rm/cell/rmc.hpp"
#include "s2rm/layer/conv_net.hpp"
#include "support/conforms.hpp"
#include "support/golden.hpp"

namespace s2rm {
namespace {

using numbers = std::vector<double>;
using test::golden;
using test::tiny;

numbers sum(numbers a, numbers const& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

struct tiny_memory : tiny {
  static constexpr index_t hidden = 12;
};

/// What the gates see and what is carried over, by name in the file.
template <class Cell>
void compare_cell(std::string const& name, std::string const& seen, std::string const& carried) {
  INFO(name);
  using cell = Cell;
  constexpr index_t M = cell::M, H = cell::H, I = cell::NC, SW = cell::state;
  auto const f = golden(name);
  auto const u = f.numbers<double>("u"), h = f.numbers<double>(seen), c = f.numbers<double>(carried),
             dy = f.numbers<double>("grad.output");
  index_t const n = f.at("u").shape[0];
  numbers w(cell::params::size), dw(w.size());
  for (auto const& p : cell::params::infos) f.copy(f.at(p.name), w.data() + p.offset);
  backend::eigen be;
  test::plain_parameters<typename cell::params> const p(be, w.data());
  auto const room = [n](index_t width) { return numbers(static_cast<std::size_t>(n * width), NAN); };
  auto y = room(M * SW), saved = room(cell::saved::size), delta = room(cell::delta::size), du = room(M * I),
       dh = room(M * H), dc = room(M * SW), scratch = room(std::max(cell::scratch, cell::gradient_scratch));
  rows<double const> const in{u.data(), M * I, I}, gates{h.data(), M * H, H}, carry{c.data(), M * SW, SW};
  saved_of<double, typename cell::saved> const s{saved.data(), n};
  saved_of<double, typename cell::delta> const d{delta.data(), n};
  cell::forward(be, p.view, n, in, gates, carry, {y.data(), M * SW, SW}, s, scratch.data());
  test::hold(name, y, f.numbers<double>("output"));
  cell::backward(be, p.view, n, in, gates, carry, {dy.data(), M * SW, SW}, s, d, {du.data(), M * I, I},
                 {dh.data(), M * H, H}, {dc.data(), M * SW, SW}, scratch.data());
  cell::gradient(be, n, in, gates, d, gradients_of<double, typename cell::params>{dw.data()}, scratch.data());
  test::hold("du", du, f.numbers<double>("grad.u"));
  if (seen == carried) {
    test::hold("dh", sum(dh, dc), f.numbers<double>("grad." + seen));
  } else {
    test::hold("dh", dh, f.numbers<double>("grad." + seen));
    test::hold("dc", dc, f.numbers<double>("grad." + carried));
  }
  for (auto const& q : cell::params::infos) {
    test::hold("grad." + std::string(q.name), numbers(dw.begin() + q.offset, dw.begin() + q.offset + q.size),
               f.numbers<double>("grad." + std::string(q.name)));
  }
}

/// A network of layers, its parameters by name.
template <class Net>
void compare_layers(std::string const& name) {
  INFO(name);
  auto const f = golden(name);
  auto const x = f.numbers<double>("x"), dy = f.numbers<double>("grad.output");
  index_t const n = f.at("x").shape[0];
  numbers w(Net::params::size), dw(w.size());
  for (auto const& p : Net::params::infos) {
    std::vector<index_t> const shape(p.extents.begin(), p.extents.begin() + p.rank);
    CHECK(f.at(p.name).shape == shape);
    f.copy(f.at(p.name), w.data() + p.offset);
  }
  backend::eigen be;
  test::plain_parameters<typename Net::params> const p(be, w.data());
  auto const room = [n](index_t width) { return numbers(static_cast<std::size_t>(n * width), NAN); };
  auto y = room(Net::out), saved = room(Net::saved), dx = room(Net::in), scratch = room(Net::scratch);
  Net::forward(be, p.view, n, {x.data(), Net::in}, {y.data(), Net::out}, saved.data());
  test::hold(name, y, f.numbers<double>("output"));
  Net::backward(be, p.view, n, {x.data(), Net::in}, {dy.data(), Net::out}, saved.data(), {dx.data(), Net::in},
                {dw.data()}, scratch.data());
  test::hold("dx", dx, f.numbers<double>("grad.x"));
  for (auto const& q : Net::params::infos) {
    test::hold("grad." + std::string(q.name), numbers(dw.begin() + q.offset, dw.begin() + q.offset + q.size),
               f.numbers<double>("grad." + std::string(q.name)));
  }
}

/// Places p of the targets and s of the sources, masked sources NaN, one kernel and one attention.
template <class Normalisation, bool StraightThrough, bool Dot>
void compare_attention(std::string const& name) {
  INFO(name);
  constexpr index_t I = 3, J = 6, N = 2, C = 3, W = N * C, S = 4;
  struct sizes : shape {};
  using kernel_type = kernel::truncated_gaussian<>::on<sizes>;
  using pairs = kernel::pairs<kernel_type, I, S>;
  using attend = attention::kernel_dot<N, C, Normalisation, StraightThrough, Dot>;
  auto const f = golden("attention_" + name);
  index_t const R = f.at("s").shape[0], n = R * J;
  auto const room = [](index_t size) { return numbers(static_cast<std::size_t>(size), NAN); };
  auto const p = f.numbers<double>("p"), v = f.numbers<double>("v"), log_epsilon = f.numbers<double>("log_epsilon"),
             dy = f.numbers<double>("grad.output");
  auto s = f.numbers<double>("s");
  auto const q = Dot ? f.numbers<double>("q") : numbers(), k = Dot ? f.numbers<double>("k") : numbers();
  auto const mask = f.numbers<std::uint8_t>("mask");
  for (index_t i = 0; i < n; ++i) {
    if (mask[static_cast<std::size_t>(i)] == 0)
      std::fill_n(s.begin() + i * S, S, 0.0);  // as the model cleans its input
  }
  backend::eigen be;
  test::plain_weight<double, 1, I, S> const modules(be, p.data());
  auto const& places = modules.view;
  auto log_z = room(n * I), y = room(R * I * W), saved = room(R * I * attend::saved(J)),
       scratch = room(std::max(n * I, R * I * attend::scratch(J)));
  std::vector<std::uint8_t> reach(static_cast<std::size_t>(n * I));
  pairs::forward(be, {log_epsilon.data()}, places, n, {s.data(), S}, mask.data(), log_z.data(), reach.data());
  attention::geometry<double> const g{R, I, J, log_z.data(), reach.data(), J * I, 1, I};
  rows<double const> const queries{q.data(), I * W, W}, keys{k.data(), J * W, W}, values{v.data(), J * W, W};
  attend::forward(be, g, queries, keys, values, {y.data(), I * W, W}, saved.data());
  test::hold("output", y, f.numbers<double>("output"));

  auto dq = room(R * I * W), dk = room(n * W), dv = room(n * W);
  numbers dlog(static_cast<std::size_t>(n * I)), ds(s.size()), dp(p.size()), depsilon(1);
  double one_sum = NAN;
  attend::backward(be, g, queries, keys, values, {dy.data(), I * W, W}, saved.data(), {dq.data(), I * W, W},
                   {dk.data(), J * W, W}, {dv.data(), J * W, W}, dlog.data(), J * I, scratch.data());
  pairs::backward(be, {log_epsilon.data()}, places, n, {s.data(), S}, dlog.data(), {ds.data(), S}, dp.data(),
                  {depsilon.data()}, scratch.data(), &one_sum);
  if constexpr (Dot) {
    test::hold("dq", dq, f.numbers<double>("grad.q"));
    test::hold("dk", dk, f.numbers<double>("grad.k"));
  }
  test::hold("dv", dv, f.numbers<double>("grad.v"));
  test::hold("dp", dp, f.numbers<double>("grad.p"));
  test::hold("ds", ds, f.numbers<double>("grad.s"));
  test::hold("dlog_epsilon", depsilon, f.numbers<double>("grad.log_epsilon"));
}

}  // namespace

TEST_CASE("torch.nn.GRUCell, and the two carries") {
  using gru = cell::gru::on<tiny>;
  compare_cell<gru>("gru", "h", "h");
  compare_cell<gru>("gru_bounded", "h_bar", "h");
  compare_cell<gru>("gru_residual", "h_bar", "h_bar");
}

TEST_CASE("torch.nn.LSTMCell") { compare_cell<cell::lstm::on<tiny>>("lstm", "h", "c"); }

TEST_CASE("a relational memory core in PyTorch") { compare_cell<cell::rmc<3, 2, 3>::on<tiny_memory>>("rmc", "h", "c"); }

TEST_CASE("convolutions") {
  using layer::conv2d, layer::conv_transpose2d, layer::linear;
  compare_layers<layer::convolutional<raster<2, 7, 6>, conv2d<3, 3, 2, 1>, conv2d<4, 2>, linear<5>>>("conv_down");
  compare_layers<layer::convolutional<raster<7, 1, 1>, linear<4, 2, 3>, conv_transpose2d<3, 4, 2, 1>,
                                      conv_transpose2d<2, 3, 2, 1>>>("conv_up");
}

TEST_CASE("attention") {
  compare_attention<normalisation::log_space, false, true>("log_space");
  compare_attention<normalisation::product, false, true>("product");
  compare_attention<normalisation::log_space, true, true>("straight_through");
  compare_attention<normalisation::product, true, true>("straight_through_product");
  compare_attention<normalisation::log_space, false, false>("kernel_mean");
}

}  // namespace s2rm
