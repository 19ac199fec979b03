// Layers at the sizes of `balls`: one time step of 32 rows for what is inside the recurrence, the 640 rows (6 400 views
// or queries) of a sequence for what is outside it.

#include "parts.hpp"
#include "problem.hpp"
#include "s2rm/runtime/executor.hpp"
#include "work.hpp"

namespace bench {

namespace {

constexpr index_t M = balls::M, H = balls::H, NC = balls::NC, A = 10, Q = 10;

/// Modules look at modules; one pair in two is out of reach.
template <class B>
struct attention_forward {
  using attend = balls::readout_attention;
  B be;
  index_t n;
  std::vector<float> q, k, v, y, log_weight, saved;
  std::vector<std::uint8_t> reach;

  attention_forward(B backend, index_t count)
      : be(std::move(backend)),
        n(count),
        q(numbers(n * M * NC, 1)),
        k(numbers(n * M * NC, 2)),
        v(numbers(n * M * NC, 3)),
        y(numbers(n * M * NC, 4)),
        log_weight(numbers(M * M, 5)),
        saved(numbers(n * M * attend::saved(M), 6)) {
    for (float const z : log_weight) reach.push_back(z > 0 ? s2rm::kernel::cut_off : s2rm::kernel::reached);
  }
  [[nodiscard]] s2rm::attention::geometry<float> geometry() const {
    return {n, M, M, log_weight.data(), reach.data(), 0, M, 1};
  }
  static rows<float> wide(std::vector<float>& x) { return {x.data(), M * NC, NC}; }
  void step() { attend::forward(be, geometry(), wide(q), wide(k), wide(v), wide(y), saved.data()); }
  [[nodiscard]] std::vector<result> results() const { return {{"y", &y}}; }
};

template <class B>
struct attention_backward : attention_forward<B> {
  using base = attention_forward<B>;
  std::vector<float> dq, dk, dv, dlog, scratch;
  attention_backward(B backend, index_t count)
      : base(std::move(backend), count),
        dq(this->q),
        dk(this->k),
        dv(this->v),
        dlog(numbers(count * M * M, 7)),
        scratch(numbers(count * M * base::attend::scratch(M), 8)) {
    base::step();
  }
  void step() {
    // What the read-out wants is whatever was read.
    base::attend::backward(this->be, this->geometry(), base::wide(this->q), base::wide(this->k), base::wide(this->v),
                           base::wide(this->y), this->saved.data(), base::wide(dq), base::wide(dk), base::wide(dv),
                           dlog.data(), M * M, scratch.data());
  }
  [[nodiscard]] std::vector<result> results() const { return {{"dq", &dq}, {"dk", &dk}, {"dv", &dv}, {"dlog", &dlog}}; }
};

/// All modules' GRUs.
template <class B>
struct gru_forward {
  using cell = balls::cell;
  B be;
  index_t n;
  s2rm::parameters<cell::params, B, float> w;
  std::vector<float> u, h, c, y, saved, scratch;
  gru_forward(B backend, index_t count)
      : be(std::move(backend)),
        n(count),
        w(weights<cell::params>(be, H)),
        u(numbers(n * M * NC, 1)),
        h(numbers(n * M * H, 2)),
        c(numbers(n * M * H, 3)),
        y(numbers(n * M * H, 4)),
        saved(numbers(n * cell::saved::size, 5)),
        scratch(numbers(n * cell::scratch, 6)) {}
  static rows<float> states(std::vector<float>& x) { return {x.data(), M * H, H}; }
  void step() {
    cell::forward(be, w.view(), n, rows<float>{u.data(), M * NC, NC}, states(h), states(c), states(y),
                  {saved.data(), n, 0}, scratch.data());
  }
  [[nodiscard]] std::vector<result> results() const { return {{"y", &y}}; }
};

template <class B>
struct gru_backward : gru_forward<B> {
  using base = gru_forward<B>;
  using cell = balls::cell;
  std::vector<float> dy, du, dh, dc, delta;
  gru_backward(B backend, index_t count)
      : base(std::move(backend), count),
        dy(numbers(count * M * H, 7)),
        du(this->u),
        dh(this->h),
        dc(this->c),
        delta(numbers(count * cell::delta::size, 8)) {
    base::step();
  }
  void step() {
    s2rm::saved_of<float const, typename cell::saved> const kept{this->saved.data(), this->n, 0};
    s2rm::saved_of<float, typename cell::delta> const d{delta.data(), this->n, 0};
    cell::backward(this->be, this->w.view(), this->n, rows<float>{this->u.data(), M * NC, NC}, base::states(this->h),
                   base::states(this->c), base::states(dy), kept, d, rows<float>{du.data(), M * NC, NC},
                   base::states(dh), base::states(dc), this->scratch.data());
  }
  [[nodiscard]] std::vector<result> results() const { return {{"du", &du}, {"dh", &dh}, {"dc", &dc}}; }
};

template <class B>
struct encoder {
  using layer = balls::encoder;
  static constexpr index_t V = balls::view::size, D = balls::D;
  B be;
  index_t n;
  s2rm::parameters<layer::params, B, float> w;
  std::vector<float> x, y, saved;
  encoder(B backend, index_t count)
      : be(std::move(backend)),
        n(count),
        w(weights<layer::params>(be, V)),
        x(numbers(n * V, 1)),
        y(numbers(n * D, 2)),
        saved(numbers(n * layer::saved, 3)) {}
  void step() { layer::forward(be, w.view(), n, rows<float>{x.data(), V}, rows<float>{y.data(), D}, saved.data()); }
  [[nodiscard]] std::vector<result> results() const { return {{"e", &y}}; }
};

/// Everything after the recurrence: the queries' places, attention to the modules, decoder. `count` elements of 20
/// steps.
template <class B>
struct read_out {
  using pass_type = s2rm::executor<balls, B, float>;
  B be;
  problem<balls> data;
  s2rm::parameters<balls::params, B, float> w;
  pass_type pass;
  std::vector<float> y;
  read_out(B backend, index_t count) : be(std::move(backend)), data({20, count, A, Q}, 0), w(be), pass(be) {
    w.assign(be, start_of<balls>(placing::drawn).data());
    pass.forward(w.view(), data.look());
  }
  void step() { pass.query(w.view(), data.look()); }
  std::vector<result> results() {
    y.assign(pass.outputs(), pass.outputs() + 20 * data.size.batch * Q * balls::outputs);
    return {{"prediction", &y}};
  }
};

}  // namespace

void add_layers(suite& to) {
  constexpr double n = 32, views = 6400;
  constexpr double attention = 2 * 2 * n * M * M * NC, gru = 2 * n * weights_of<balls::cell::params>();
  add_part<attention_forward>(to, "attention_forward/10x10/rows:32", {.flops = attention}, 32, 32);
  add_part<attention_backward>(to, "attention_backward/10x10/rows:32", {.flops = 2 * attention}, 32, 32);
  add_part<gru_forward>(to, "gru_forward/10x256x128/rows:32", {.flops = gru}, 32, 32);
  // Without the gradient of the weights, which is one product over all time steps.
  add_part<gru_backward>(to, "gru_backward/10x256x128/rows:32", {.flops = gru}, 32, 32);
  add_part<encoder>(to, "encoder/121x128x128/rows:6400", {.flops = 2 * views * weights_of<balls::encoder::params>()},
                    6400, 64);
  // A forward pass less the same without queries.
  constexpr double with = work_of<balls>({20, 32, A, Q}).forward, without = work_of<balls>({20, 32, A, 0}).forward;
  constexpr double keys = 2.0 * 2 * 640 * M * NC * H;
  add_part<read_out>(to, "read_out/balls/rows:6400", {.flops = with - without + keys}, 32, 1);
}

}  // namespace bench
