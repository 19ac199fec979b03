// Fused attention of thrust_on against the plain loops: any number of targets and sources, any width and alignment,
// beside sources out of reach that hold NaN, with threads in both orders.
#include "s2rm/attention/kernel_dot.hpp"
#include "s2rm/thrust.hpp"
#include "support/backends.hpp"
#include "support/bits.hpp"
#include "support/conforms.hpp"

namespace s2rm {
namespace {

template <class T>
constexpr T nan = std::numeric_limits<T>::quiet_NaN();

/// How a problem's numbers lie.
struct extents {
  index_t rows, targets, sources;
  index_t extra = 0;  ///< absent sources behind the others
  index_t padding = 0, shift = 0;
  bool source_major = false, heavy = false;
};

/// Rows (count, items, width) of numbers, `padding` more from item to item, `shift` behind the beginning.
template <class T>
struct array {
  std::vector<T> memory;
  index_t shift, step, items;
  array(extents const& e, index_t n, index_t width, std::uint32_t stream, index_t drawn)
      : memory(static_cast<std::size_t>(e.shift + e.rows * n * (width + e.padding) + 8), nan<T>),
        shift(e.shift),
        step(width + e.padding),
        items(n) {
    auto const from = test::normal_numbers(e.rows * drawn * width, stream);
    for (index_t r = 0; r < e.rows; ++r) {
      for (index_t i = 0; i < drawn; ++i) {
        for (index_t c = 0; c < width; ++c) at(r, i)[c] = static_cast<T>(from[(r * drawn + i) * width + c]);
      }
    }
  }
  T* at(index_t r, index_t i) { return memory.data() + shift + (r * items + i) * step; }
  operator rows<T>() { return {memory.data() + shift, items * step, step}; }        // NOLINT(*-explicit-*)
  operator rows<T const>() { return {memory.data() + shift, items * step, step}; }  // NOLINT(*-explicit-*)
};

/// y, what is kept and all gradients of a problem; those of absent sources left out.
template <index_t N, index_t C, bool Dot, class T, class B>
std::vector<T> attended(B& be, extents const& e) {
  using attend = attention::kernel_dot<N, C, normalisation::log_space, false, Dot, true>;
  index_t const S = e.sources + e.extra, pairs = e.targets * S;
  array<T> q(e, e.targets, N * C, 1, e.targets), k(e, S, N * C, 2, e.sources), v(e, S, N * C, 3, e.sources);
  array<T> dy(e, e.targets, N * C, 4, e.targets), y(e, e.targets, N * C, 5, 0);
  auto dq = y, dk = array<T>(e, S, N * C, 6, 0), dv = dk;
  index_t const target_step = e.source_major ? 1 : S, source_step = e.source_major ? e.targets : 1;
  std::vector<std::uint8_t> reach(static_cast<std::size_t>(e.rows * pairs) + 1, kernel::absent);
  std::vector<T> log_z(reach.size(), nan<T>), dlog(reach.size(), T(2));
  auto const z = test::normal_numbers(e.rows * e.targets * e.sources, 7);
  for (index_t r = 0; r < e.rows; ++r) {
    for (index_t j = 0; j < e.sources; ++j) {
      bool const absent = (r * 7 + j * 3) % 5 == 1;
      // All of its targets but one do without it.
      bool const partial = !absent && (r + j) % 4 == 2;
      for (index_t i = 0; i < e.targets; ++i) {
        index_t const at = r * pairs + i * target_step + j * source_step;
        bool const nothing = r % 3 == 1 && i == 1, cut = partial && i % 2 == 0;
        reach[at] = absent ? kernel::absent : (nothing || cut ? kernel::cut_off : kernel::reached);
        if (reach[at] == kernel::reached) {
          log_z[at] = static_cast<T>(z[(r * e.targets + i) * e.sources + j]) * (e.heavy ? T(40) : T(1));
        }
      }
      if (absent) std::fill_n(k.at(r, j), N * C, nan<T>), std::fill_n(v.at(r, j), N * C, nan<T>);
    }
  }
  attention::geometry<T> const g{e.rows, e.targets, S, log_z.data(), reach.data(), pairs, target_step, source_step};
  std::vector<T> saved(static_cast<std::size_t>(e.rows * e.targets * attend::saved(S)) + 1);
  std::vector<T> scratch(static_cast<std::size_t>(e.rows * e.targets * attend::scratch(S)) + 1, nan<T>);
  attend::forward(be, g, rows<T const>(q), rows<T const>(k), rows<T const>(v), rows<T>(y), saved.data());
  attend::backward(be, g, rows<T const>(q), rows<T const>(k), rows<T const>(v), rows<T const>(dy), saved.data(),
                   rows<T>(dq), rows<T>(dk), rows<T>(dv), dlog.data(), pairs, scratch.data());
  std::vector<T> all;
  for (index_t r = 0; r < e.rows; ++r) {
    for (index_t i = 0; i < e.targets; ++i) {
      all.insert(all.end(), y.at(r, i), y.at(r, i) + N * C);
      if (Dot) all.insert(all.end(), dq.at(r, i), dq.at(r, i) + N * C);
      for (index_t j = 0; j < e.sources; ++j) all.push_back(dlog[r * pairs + i * target_step + j * source_step]);
    }
    for (index_t j = 0; j < e.sources; ++j) {
      all.insert(all.end(), dv.at(r, j), dv.at(r, j) + N * C);
      if (Dot) all.insert(all.end(), dk.at(r, j), dk.at(r, j) + N * C);
    }
  }
  // Nothing beside the rows was written.
  for (auto* const to : {&y, &dq}) {
    for (index_t i = 0; i < e.rows * e.targets; ++i) {
      for (index_t c = N * C; c < to->step; ++c) CHECK(std::isnan(to->at(0, i)[c]));
    }
  }
  return all;
}

template <index_t N, index_t C, bool Dot, class T>
void check_attention(extents const& e) {
  INFO(N << " x " << C << (Dot ? "" : ", no product") << ", " << e.rows << " rows, " << e.targets << " x " << e.sources
         << " + " << e.extra << ", padding " << e.padding << ", shift " << e.shift << ", " << sizeof(T) << " bytes");
  auto const expected = [&] {
    ops::reference naive;
    return attended<N, C, Dot, T>(naive, e);
  }();
  for (T const x : expected) REQUIRE(std::isfinite(x));
  std::vector<T> first;
  test::on_every_thrust([&](auto& be, std::string const& name) {
    for (auto const order : {backend::detail::thread_order::ascending, backend::detail::thread_order::descending}) {
      INFO(name);
      be.context->order = order;
      auto const found = attended<N, C, Dot, T>(be, e);
      CHECK(test::relative_error(found, expected) < (sizeof(T) == 8 ? 1e-13 : 2e-5));
      if (!be.fused) continue;
      if (first.empty()) first = found;
      CHECK(test::same_bits(found, first));
      // What is absent changes no bit, but where a row is one tile no longer.
      auto const one_tile = [](extents const& x) { return x.targets <= 32 && x.sources + x.extra <= 32; };
      auto more = e;
      more.extra += 3;
      if (e.sources > 1 && one_tile(e) == one_tile(more))
        CHECK(test::same_bits(attended<N, C, Dot, T>(be, more), first));
    }
  });
}

template <index_t N, index_t C, bool Dot, class T>
void check_extents() {
  std::pair<index_t, index_t> const sizes[] = {{1, 1}, {10, 10}, {12, 10}, {12, 12}, {3, 5},   {1, 12},  {5, 0},
                                               {2, 1}, {13, 4},  {4, 13},  {32, 32}, {17, 31}, {32, 33}, {33, 7}};
  for (auto const& [targets, sources] : sizes) {
    check_attention<N, C, Dot, T>({.rows = 5, .targets = targets, .sources = sources});
    check_attention<N, C, Dot, T>({.rows = 4,
                                   .targets = targets,
                                   .sources = sources,
                                   .padding = 3,
                                   .shift = 1,
                                   .source_major = true,
                                   .heavy = true});
  }
}

}  // namespace

TEST_CASE("fused attention: any number of targets and sources") {
  check_extents<4, 8, true, float>();
  check_extents<2, 5, true, float>();
  check_extents<3, 3, false, float>();
  check_extents<1, 6, true, double>();
}

TEST_CASE("fused attention: wide heads, many items") {
  check_attention<1, 64, true, float>({.rows = 3, .targets = 10, .sources = 10});
  check_attention<4, 32, true, float>({.rows = 1, .targets = 10, .sources = 10, .padding = 4, .shift = 4});
  check_attention<1, 130, true, float>({.rows = 2, .targets = 9, .sources = 40});
  check_attention<1, 64, true, double>({.rows = 2, .targets = 32, .sources = 32});
  check_attention<2, 64, true, float>({.rows = 2, .targets = 70, .sources = 131, .extra = 60});
  check_attention<2, 64, true, float>({.rows = 2, .targets = 32, .sources = 32, .padding = 1});
  check_attention<2, 4, true, float>({.rows = 0, .targets = 32, .sources = 32});
  check_attention<2, 4, true, float>({.rows = 2, .targets = 0, .sources = 32});
}

}  // namespace s2rm
