// A stream allocates nothing after its construction, and a trainer nothing once it has seen its largest window. Every
// way to ask for memory is counted: all forms of operator new, and, where the C library is glibc and no sanitizer has
// taken its place, malloc and its relatives.
#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "s2rm/cell/lstm.hpp"
#include "s2rm/cell/rmc.hpp"
#include "s2rm/dynamics/pooled_rnn.hpp"
#include "s2rm/dynamics/rim.hpp"
#include "s2rm/dynamics/rmc.hpp"
#include "train/batches.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define S2RM_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define S2RM_TEST_SANITIZED 1
#endif
#endif

namespace {

// Allocations and releases of all threads.
std::atomic<long> news{0}, deletes{0}, mallocs{0}, frees{0};

void* counted_new(std::size_t size, std::size_t alignment) {
  ++news;
  std::size_t const rounded = (size + alignment - 1) / alignment * alignment;
  return std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
}
void* counted_new_or_throw(std::size_t size, std::size_t alignment) {
  void* const p = counted_new(size, alignment);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}
void counted_delete(void* p) noexcept {
  ++deletes;
  std::free(p);
}
constexpr std::size_t plain = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

}  // namespace

// Every replaceable form, so that none can slip past the counters by not forwarding to another.
void* operator new(std::size_t n) { return counted_new_or_throw(n, plain); }
void* operator new[](std::size_t n) { return counted_new_or_throw(n, plain); }
void* operator new(std::size_t n, std::align_val_t a) { return counted_new_or_throw(n, static_cast<std::size_t>(a)); }
void* operator new[](std::size_t n, std::align_val_t a) { return counted_new_or_throw(n, static_cast<std::size_t>(a)); }
void* operator new(std::size_t n, std::nothrow_t const&) noexcept { return counted_new(n, plain); }
void* operator new[](std::size_t n, std::nothrow_t const&) noexcept { return counted_new(n, plain); }
void* operator new(std::size_t n, std::align_val_t a, std::nothrow_t const&) noexcept {
  return counted_new(n, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t n, std::align_val_t a, std::nothrow_t const&) noexcept {
  return counted_new(n, static_cast<std::size_t>(a));
}
void operator delete(void* p) noexcept { counted_delete(p); }
void operator delete[](void* p) noexcept { counted_delete(p); }
void operator delete(void* p, std::size_t) noexcept { counted_delete(p); }
void operator delete[](void* p, std::size_t) noexcept { counted_delete(p); }
void operator delete(void* p, std::align_val_t) noexcept { counted_delete(p); }
void operator delete[](void* p, std::align_val_t) noexcept { counted_delete(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { counted_delete(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { counted_delete(p); }
void operator delete(void* p, std::nothrow_t const&) noexcept { counted_delete(p); }
void operator delete[](void* p, std::nothrow_t const&) noexcept { counted_delete(p); }
void operator delete(void* p, std::align_val_t, std::nothrow_t const&) noexcept { counted_delete(p); }
void operator delete[](void* p, std::align_val_t, std::nothrow_t const&) noexcept { counted_delete(p); }

#if defined(__GLIBC__) && !defined(S2RM_TEST_SANITIZED)
#define S2RM_TEST_COUNTS_MALLOC 1
extern "C" {
// glibc's own, under the names it keeps for those who replace the public ones.
void* __libc_malloc(std::size_t);                 // NOLINT(bugprone-reserved-identifier)
void* __libc_calloc(std::size_t, std::size_t);    // NOLINT(bugprone-reserved-identifier)
void* __libc_realloc(void*, std::size_t);         // NOLINT(bugprone-reserved-identifier)
void* __libc_memalign(std::size_t, std::size_t);  // NOLINT(bugprone-reserved-identifier)
void __libc_free(void*);                          // NOLINT(bugprone-reserved-identifier)

void* malloc(std::size_t n) {
  ++mallocs;
  return __libc_malloc(n);
}
void* calloc(std::size_t n, std::size_t size) {
  ++mallocs;
  return __libc_calloc(n, size);
}
void* realloc(void* p, std::size_t n) {
  ++mallocs;
  return __libc_realloc(p, n);
}
void* aligned_alloc(std::size_t alignment, std::size_t n) {
  ++mallocs;
  return __libc_memalign(alignment, n);
}
void* memalign(std::size_t alignment, std::size_t n) {
  ++mallocs;
  return __libc_memalign(alignment, n);
}
int posix_memalign(void** p, std::size_t alignment, std::size_t n) {
  ++mallocs;
  *p = __libc_memalign(alignment, n);
  return *p == nullptr ? 12 : 0;  // ENOMEM
}
void free(void* p) {
  ++frees;
  __libc_free(p);
}
}
#endif

namespace s2rm {
namespace {

/// Allocations and releases while f runs.
template <class F>
long touched(F const& f) {
  long const before = news + deletes + mallocs + frees;
  f();
  return news + deletes + mallocs + frees - before;
}

/// Wide enough that even one step's products are shared between threads; every policy with memory of its own.
struct wide_shape : shape {
  static constexpr index_t modules = 6, hidden = 24, heads = 2, head_width = 12, sphere = 8, place = 2, frequencies = 2,
                           place_hidden = 24;
  using view = features<25>;
  using target = features<2>;
};
using net = world_model<wide_shape, residual::own_reading<>, interaction::after_update, initial_state::fixed,
                        encoder::mlp<600, 20>, decoder::mlp<20>, likelihood::gaussian>;

template <class... Policies>
using other_net = world_model<wide_shape, encoder::mlp<60, 20>, decoder::mlp<20>, likelihood::gaussian, Policies...>;
using s2lstm = other_net<cell::lstm, initial_state::fixed>;
using s2rmc = other_net<cell::rmc<2, 2>, initial_state::fixed>;
using pooled = other_net<dynamics::lstm<24, dynamics::pool::mean>>;
using mechanisms = other_net<dynamics::rim<3>>;
using memory = other_net<dynamics::rmc<4, 16>, initial_state::fixed>;

void* volatile sink;

/// Shows the pointer to the outside, so that no compiler removes its allocation.
template <class T>
T* shown(T* p) {
  sink = p;
  return p;
}

}  // namespace

TEST_CASE("allocations: the counters see every way to allocate") {
  auto const sees = [](auto const& f) { CHECK(touched(f) > 0); };
  struct alignas(128) wide {
    char c[128];
  };
  sees([] { delete shown(new int); });
  sees([] { delete[] shown(new int[5]); });
  sees([] { delete shown(new wide); });
  sees([] { delete[] shown(new wide[2]); });
  sees([] { delete shown(new (std::nothrow) int); });
  sees([] { delete shown(new (std::nothrow) wide); });
  sees([] { ::operator delete(shown(::operator new(100, std::align_val_t{64})), std::align_val_t{64}); });
  sees([] { sink = std::vector<float>(1000).data(); });
  sees([] { sink = backend::eigen{}.allocate<float>(10).data(); });
  CHECK(touched([] {}) == 0);
#if defined(S2RM_TEST_COUNTS_MALLOC)
  sees([] { sink = std::malloc(10); });
  sees([] { std::free(sink); });
  sees([] { std::free(shown(std::calloc(10, 1))); });
  sees([] { std::free(shown(std::realloc(nullptr, 100))); });
  sees([] { std::free(shown(std::aligned_alloc(64, 128))); });
#endif
}

TEMPLATE_TEST_CASE("allocations: none by a stream after its construction", "", net, s2lstm, s2rmc, pooled, mechanisms,
                   memory) {
  using net = TestType;
  for (int const threads : {1, 2}) {
    backend::eigen cpu{.threads = threads};
    trainer<net, backend::eigen> const learner{cpu, {}, seed{3}};
    auto const b = test::random_batch<net, float>(30, 1, 8, 8, 1);
    std::uint8_t const some[8] = {1, 0, 1, 1, 0, 0, 1, 1};
    stream<net, backend::eigen> live{cpu, learner.parameters(), {.views = 8, .queries = 8}};
    float checksum = 0;
    index_t refused = 0;
    std::vector<float> many(static_cast<std::size_t>(30 * 8 * net::outputs));
    // Nothing is run beforehand: the first call is counted as well.
    long const count = touched([&] {
      for (index_t t = 0; t < 30; ++t) {
        index_t const views = t % 9, queries = (t * 5) % 9;
        float const* const x = b.place.data() + t * 16;
        if (t == 11) live.reset();
        if (t == 17) live.refresh();
        if (live.predict({x, {8, 2}}).size() == 0) ++refused;
        if (live.observe({b.view.data() + t * 200, {views, 25}}, {x, {views, 2}}, t % 2 == 0 ? some : nullptr) !=
            observed::yes)
          ++refused;
        if (live.observe({b.view.data(), {9, 25}}, {x, {9, 2}}) == observed::too_many_views) ++refused;
        auto const y = live.predict({x, {queries, 2}});
        if (y.size() > 0) checksum += y.data[y.size() - 1];
        if (live.step({b.view.data(), {views, 25}}, {x, {views, 2}}, {x, {queries, 2}}) != observed::yes) ++refused;
        auto const z = live.predictions();
        if (z.size() > 0) checksum += z.data[0];
        if (!live.predict_into({b.place.data(), {30 * 8, 2}}, many)) ++refused;
        checksum += many.back();
      }
    });
    INFO(threads << " threads");
    CHECK(count == 0);
    CHECK(refused == 30 + 2);
    CHECK(std::isfinite(checksum));
    CHECK(checksum != 0);
  }
}

TEMPLATE_TEST_CASE("allocations: none by a trainer that has seen its largest window, however long the batch", "", net,
                   s2lstm, s2rmc, pooled, mechanisms, memory) {
  using net = TestType;
  trainer<net, backend::eigen> learner{{}, {.rate = 0.001}, seed{3}, {.truncation = {.window = 4}, .average = 0.9}};
  auto const shorter = test::random_batch<net, float>(4, 3, 4, 3, 1),
             longer = test::random_batch<net, float>(101, 3, 4, 3, 2),
             smaller = test::random_batch<net, float>(7, 2, 1, 2, 3, {.view_mask = true, .reset = true});
  learner.step(shorter.look());
  CHECK(touched([&] {
          learner.step(longer.look());
          learner.step(smaller.look());
          learner.step(shorter.look());
        }) == 0);
  learner.evaluate(longer.look());
  CHECK(touched([&] {
          learner.evaluate(shorter.look());
          learner.step(longer.look());
        }) == 0);
}

}  // namespace s2rm
