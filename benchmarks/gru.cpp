// Batch 1: gated recurrent units 256 -> 128 as a stream runs them, against the bandwidth at which their weights can be
// read. One has 590 kB, which a second-level cache holds; ten in turn have 5.9 MB. Bytes are those of float32 whatever
// the storage.

#include "s2rm/cell/gru.hpp"
#include "models.hpp"
#include "parts.hpp"
#include "problem.hpp"
#include "work.hpp"

namespace bench {

namespace {

template <index_t Modules>
struct cells_shape : s2rm::shape {
  static constexpr index_t modules = Modules, hidden = 128, heads = 8, head_width = 32;
};

/// Stored in bf16, ops::reference reads weights that were rounded before.
template <index_t Modules, storage Stored, class B>
struct cells {
  using cell = s2rm::cell::gru::on<cells_shape<Modules>>;
  struct net {
    using params = typename cell::params;
    static constexpr auto fields = params::infos;
  };
  using parameters = s2rm::parameters<typename net::params, B, float>;
  static constexpr bool half = Stored == storage::bf16 && B::packs;
  using stored = std::conditional_t<half, s2rm::bf16_weights<net, B>, parameters const&>;
  static constexpr index_t M = Modules, H = 128, I = 256;
  B be;
  parameters w;
  stored read;
  std::vector<float> u, h, y, saved, scratch;

  cells(B backend, index_t)
      : be(std::move(backend)),
        w(assigned<typename net::params>(be, values())),
        read(as_stored(be, w)),
        u(numbers(M * I, 1)),
        h(numbers(M * H, 2)),
        y(numbers(M * H, 3)),
        saved(numbers(cell::saved::size, 4)),
        scratch(numbers(cell::scratch, 5)) {}
  void step() {
    rows<float> const state{h.data(), M * H, H}, next{y.data(), M * H, H};
    cell::forward(be, read.view(), 1, rows<float>{u.data(), M * I, I}, state, state, next, {saved.data(), 1, 0},
                  scratch.data());
  }
  [[nodiscard]] std::vector<result> results() const { return {{"h", &y}}; }

 private:
  static std::vector<float> values() {
    auto all = spread<typename net::params>(H);
    return Stored == storage::bf16 && !half ? rounded_weights<net>(std::move(all)) : all;
  }
  static stored as_stored(B& be, parameters const& p) {
    if constexpr (half) {
      return stored(be, p);
    } else {
      return p;  // NOLINT(bugprone-return-const-ref-from-parameter): the trainer's own
    }
  }
};

template <class B>
using one = cells<1, storage::float32, B>;
template <class B>
using ten = cells<10, storage::float32, B>;
template <class B>
using one_bf16 = cells<1, storage::bf16, B>;
template <class B>
using ten_bf16 = cells<10, storage::bf16, B>;

}  // namespace

void add_gru(suite& to) {
  constexpr double weight_count = 3 * 128 * (256 + 128);
  auto const work = [](double cells) {
    double const bytes = 4 * cells * weight_count;
    return worth{.flops = 2 * cells * weight_count, .bytes = bytes, .read_bytes = static_cast<index_t>(bytes)};
  };
  add_part<one>(to, "gru_1x128/one", work(1), 1, 1);
  add_part<ten>(to, "gru_1x128/ten", work(10), 1, 1);
  add_part<one_bf16>(to, "gru_1x128/one_bf16", work(1), 1, 1);
  add_part<ten_bf16>(to, "gru_1x128/ten_bf16", work(10), 1, 1);
}

}  // namespace bench
