#pragma once
/// \file
/// A model's weights: one flat block in PyTorch's layout, and the transposed copies derived from it.

#include <vector>

#include "s2rm/ops/require.hpp"

namespace s2rm {

namespace detail {
/// transposed (G, In, Out) from canonical (G, Out, In).
template <class T>
struct transpose_groups {
  T const* from;
  T* to;
  index_t out, in;
  S2RM_HD void operator()(index_t i) const {
    index_t const g = i / (out * in), rest = i % (out * in);
    to[g * out * in + (rest % in) * out + rest / in] = from[i];
  }
};
}  // namespace detail

/// The numbers of a schema on a backend. `values` is what optimiser and checkpoint see; call `refresh` after changing it.
/// Shared freely between readers: streams hold it by reference.
template <class Schema, class Backend, class T>
class parameters {
  static_assert(ops::require_backend<Backend, T>::checked);

 public:
  using schema_type = Schema;

  explicit parameters(Backend& be)
      : values_(be.template allocate<T>(Schema::size)), transposed_(be.template allocate<T>(Schema::size)) {
    be.fill(Schema::size, T(0), values_.data());
    be.fill(Schema::size, T(0), transposed_.data());
  }

  [[nodiscard]] T* values() { return values_.data(); }
  [[nodiscard]] T const* values() const { return values_.data(); }

  /// Derives everything that is not canonical from the flat block.
  void refresh(Backend& be) { refresh_fields(be, static_cast<Schema const*>(nullptr)); }

  /// Takes a whole block from the host.
  void assign(Backend& be, T const* host) {
    be.copy_in(Schema::size, host, values_.data());
    refresh(be);
  }

  [[nodiscard]] parameters_of<T, Schema> view() const { return {values_.data(), transposed_.data()}; }

 private:
  template <class... Fields>
  void refresh_fields(Backend& be, schema<Fields...> const*) {
    index_t offset = 0;
    (refresh_field<Fields>(be, offset), ...);
  }
  template <class Field>
  void refresh_field(Backend& be, index_t& offset) {
    if constexpr (Field::rank >= 2) {
      be.for_each(Field::size, detail::transpose_groups<T>{values_.data() + offset, transposed_.data() + offset,
                                                           Field::out, Field::in});
    }
    offset += Field::size;
  }

  decltype(std::declval<Backend&>().template allocate<T>(index_t{})) values_, transposed_;
};

}  // namespace s2rm
