#pragma once
/// \file
/// A model's weights: one flat block in PyTorch's layout, and copies in the order in which the backend's GEMM reads
/// them.

#include "s2rm/check/backend.hpp"
#include "s2rm/ops/capabilities.hpp"

S2RM_NAMESPACE_BEGIN

/// Numbers between a cache line's beginning and that of the block, such that the largest weight begins on a cache line.
template <class Schema, class T>
consteval index_t lead_of() {
  constexpr index_t line = 64 / static_cast<index_t>(sizeof(T));
  field_info largest{};
  for (auto const& f : Schema::infos) {
    if (f.rank >= 2 && f.size > largest.size) largest = f;
  }
  return (line - largest.offset % line) % line;
}

/// The numbers of a schema on a backend. `values` is what optimiser and checkpoint see; call `refresh` after changing
/// it. Shared freely between readers: streams hold it by reference.
template <class Schema, class Backend, class T>
class parameters {
  static_assert(ops::require_backend<Backend, T>::checked);

 public:
  using schema_type = Schema;

  /// Numbers before the block, where a backend reads weights unpacked, and before a gradient.
  static constexpr index_t lead = Backend::packs ? 0 : lead_of<Schema, T>();

  explicit parameters(Backend& be)
      : values_(be.template allocate<T>(lead + Schema::size)),
        packed_(be.template allocate<T>(packed_size)),
        packed_transposed_(be.template allocate<T>(packed_size)) {
    be.fill(Schema::size, T(0), values());
    be.fill(packed_size, T(0), packed_.data());
    be.fill(packed_size, T(0), packed_transposed_.data());
  }

  [[nodiscard]] T* values() { return values_.data() + lead; }
  [[nodiscard]] T const* values() const { return values_.data() + lead; }

  /// Derives everything that is not canonical from the flat block.
  void refresh(Backend& be) {
    if constexpr (Backend::packs) refresh_fields(be);
  }

  /// Takes a whole block from the host.
  void assign(Backend& be, T const* host) {
    be.copy_in(Schema::size, host, values());
    refresh(be);
  }

  [[nodiscard]] parameters_of<T, Schema> view() const {
    if constexpr (Backend::packs) {
      return {values(), packed_.data() + shift, packed_transposed_.data() + shift};
    } else {
      return {values(), values(), values()};
    }
  }

 private:
  /// Packed weights keep the offsets of the canonical ones.
  static constexpr index_t shift = lead_of<Schema, T>();
  static constexpr index_t packed_size = Backend::packs ? shift + Schema::size + packed_slack : 0;

  void refresh_fields(Backend& be) {
    index_t offset = 0;
    each_field<Schema>([&]<class Field>() { refresh_field<Field>(be, offset); });
  }
  template <class Field>
  void refresh_field(Backend& be, index_t& offset) {
    if constexpr (Field::rank >= 2) {
      be.template pack<Field::groups, Field::out, Field::in>(values() + offset, packed_.data() + shift + offset,
                                                             packed_transposed_.data() + shift + offset);
    }
    offset += Field::size;
  }

  decltype(std::declval<Backend&>().template allocate<T>(index_t{})) values_, packed_, packed_transposed_;
};

/// Weights for inference alone, in half the memory: matrices rounded to bf16 (8 significant bits, relative error of a
/// weight <= 2^-8), everything else as in `from`, which must outlive this. All arithmetic stays in float. A stream
/// whose time goes into reading weights gets faster. Call `refresh` after the weights changed.
template <class Net, class Backend>
class bf16_weights {
  static_assert(ops::capabilities<Backend>::bf16_weights,
                "s2rm[S303]: this backend reads no weights in bf16: it has no pack_half<G, Out, In>(canonical, half). "
                "See docs/errors.md#S303");

 public:
  using schema_type = typename Net::params;
  using source_type = parameters<schema_type, Backend, float>;

  bf16_weights(Backend& be, source_type const& from)
      : from_(&from), half_(be.template allocate<bf16>(schema_type::size + packed_slack)) {
    refresh(be);
  }

  void refresh(Backend& be) { refresh_fields(be); }

  [[nodiscard]] parameters_of<float, schema_type> view() const {
    auto all = from_->view();
    if constexpr (ops::capabilities<Backend>::bf16_weights) all.half = Backend::half_view(half_.data());
    return all;
  }

 private:
  void refresh_fields(Backend& be) {
    if constexpr (ops::capabilities<Backend>::bf16_weights) {
      index_t offset = 0;
      each_field<schema_type>([&]<class Field>() { refresh_field<Field>(be, offset); });
    }
  }
  template <class Field>
  void refresh_field(Backend& be, index_t& offset) {
    if constexpr (Field::rank >= 2) {
      be.template pack_half<Field::groups, Field::out, Field::in>(from_->values() + offset, half_.data() + offset);
    }
    offset += Field::size;
  }

  source_type const* from_;
  decltype(std::declval<Backend&>().template allocate<bf16>(index_t{})) half_;
};

S2RM_NAMESPACE_END
