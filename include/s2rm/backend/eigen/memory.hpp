#pragma once
/// \file
/// Memory of the CPU backend: aligned, and in large pages where it is large.

#include <cstddef>
#include <limits>
#include <memory>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "s2rm/core/config.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

/// `n` numbers on a 64-byte boundary, released with the handle. Blocks of several MiB begin on a 2 MiB boundary and
/// request huge pages: the strides of activations would miss the TLB at every row.
template <class T>
class buffer {
 public:
  buffer() = default;
  explicit buffer(index_t n) : size_(n) {
    if (n <= 0) return;
    // More than this machine can address is more than `new` can give, and must not wrap around to less.
    constexpr auto most = (std::numeric_limits<std::ptrdiff_t>::max)();
    bool const fits = n <= most / static_cast<index_t>(sizeof(T));
    auto const bytes = fits ? static_cast<std::size_t>(n) * sizeof(T) : static_cast<std::size_t>(most);
    std::size_t const alignment = bytes >= 2 * large_page ? large_page : 64;
    data_ = {static_cast<T*>(::operator new(bytes, std::align_val_t{alignment})), release{alignment}};
#if defined(__linux__)
    if (alignment == large_page) static_cast<void>(::madvise(data_.get(), bytes, MADV_HUGEPAGE));
#endif
  }
  [[nodiscard]] T* data() { return data_.get(); }
  [[nodiscard]] T const* data() const { return data_.get(); }
  [[nodiscard]] index_t size() const { return size_; }

 private:
  static constexpr std::size_t large_page = std::size_t{2} << 20;
  struct release {
    std::size_t alignment = 64;
    void operator()(T* p) const { ::operator delete(p, std::align_val_t{alignment}); }
  };
  std::unique_ptr<T, release> data_;
  index_t size_ = 0;
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
