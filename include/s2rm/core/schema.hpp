#pragma once
/// \file
/// Memory described by type: named fields with static extents, and blocks of numbers that follow such a schema.
///
/// One flat array holds all parameters of a model, another all gradients, and so on. A schema knows every name, shape
/// and offset at compile time, so that optimiser, checkpoint and host-device copies each see one array.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "s2rm/core/config.hpp"

S2RM_NAMESPACE_BEGIN

/// A string literal as template argument.
template <std::size_t N>
struct fixed_string {
  char text[N]{};
  constexpr fixed_string() = default;
  constexpr fixed_string(char const (&literal)[N]) { std::copy_n(literal, N, text); }  // NOLINT(*-explicit-*)
  [[nodiscard]] constexpr std::string_view view() const { return {text, N - 1}; }
};

/// prefix followed by name.
template <std::size_t A, std::size_t B>
constexpr fixed_string<A + B - 1> operator+(fixed_string<A> const& prefix, fixed_string<B> const& name) {
  fixed_string<A + B - 1> joined;
  std::copy_n(prefix.text, A - 1, joined.text);
  std::copy_n(name.text, B, joined.text + A - 1);
  return joined;
}

/// What a program can ask about one field at run time.
struct field_info {
  std::string_view name;
  std::array<index_t, 4> extents{};  ///< the first `rank` are meant
  int rank = 0;
  index_t offset = 0;  ///< in numbers, from the start of the flat block
  index_t size = 0;    ///< in numbers
};

/// One named array with static extents. A field of rank >= 2 can serve as a weight: its last two extents are
/// (out, in), those before count independent groups (one weight matrix per module, say).
template <fixed_string Name, index_t... Extents>
struct field {
  static constexpr auto name = Name;
  static constexpr int rank = sizeof...(Extents);
  static constexpr std::array<index_t, 4> extents = [] {
    std::array<index_t, 4> all{};
    std::array<index_t, sizeof...(Extents)> const given{Extents...};
    std::copy(given.begin(), given.end(), all.begin());
    return all;
  }();
  static constexpr index_t size = (index_t{1} * ... * Extents);
  static constexpr index_t out = rank >= 2 ? extents[rank >= 2 ? rank - 2 : 0] : 1;
  static constexpr index_t in = rank >= 2 ? extents[rank >= 2 ? rank - 1 : 0] : size;
  static constexpr index_t groups = (out * in) == 0 ? 0 : size / (out * in);

  template <fixed_string Prefix>
  using prefixed = field<Prefix + Name, Extents...>;
};

namespace detail {
template <std::size_t Index, class... Fields>
struct field_at;
template <std::size_t Index, class First, class... Rest>
struct field_at<Index, First, Rest...> : field_at<Index - 1, Rest...> {};
template <class First, class... Rest>
struct field_at<0, First, Rest...> {
  using type = First;
};
}  // namespace detail

/// An ordered list of fields, one after the other without gaps. A struct that derives from one is a schema with a name
/// of its own, `struct params : schema<...> {}`: symbols and messages then hold that name, not every field.
template <class... Fields>
struct schema {
  using unnamed = schema;  ///< the list itself, of a derived struct too
  static constexpr index_t size = (index_t{0} + ... + Fields::size);
  static constexpr std::size_t count = sizeof...(Fields);

  static constexpr std::array<field_info, count> infos = [] {
    std::array<field_info, count> all{};
    std::size_t i = 0;
    index_t offset = 0;
    ((all[i++] = {Fields::name.view(), Fields::extents, Fields::rank, offset, Fields::size}, offset += Fields::size),
     ...);
    return all;
  }();

  template <fixed_string Name>
  static constexpr bool has = ((Fields::name.view() == Name.view()) || ...);

  template <fixed_string Name>
  static constexpr std::size_t index = [] {
    std::size_t i = 0;
    for (; i < count; ++i) {
      if (infos[i].name == Name.view()) break;
    }
    return i;
  }();

  // Both check `has` again, so that an unknown name gives one message: that of parameters_of or saved_of.
  template <fixed_string Name>
  static constexpr index_t offset = has<Name> ? infos[has<Name> ? index<Name> : 0].offset : 0;
  template <fixed_string Name>
  using named = typename detail::field_at<has<Name> ? index<Name> : 0, Fields...>::type;

  /// The field at a position.
  template <std::size_t Index>
  using at = typename detail::field_at<Index, Fields...>::type;

  /// Every name with a prefix.
  template <fixed_string Prefix>
  using prefixed = schema<typename Fields::template prefixed<Prefix>...>;
};

namespace detail {

template <class... Schemas>
struct join;
template <>
struct join<> {
  using type = schema<>;
};
template <class... Fields>
struct join<schema<Fields...>> {
  using type = schema<Fields...>;
};
template <class... A, class... B, class... Rest>
struct join<schema<A...>, schema<B...>, Rest...> : join<schema<A..., B...>, Rest...> {};

}  // namespace detail

/// The schema with every name prefixed: `prefixed<"encoder.", S>`.
template <fixed_string Prefix, class Schema>
using prefixed = typename Schema::template prefixed<Prefix>;

/// The fields of all schemas, in order.
template <class... Schemas>
using joined = typename detail::join<typename Schemas::unnamed...>::type;

/// `f.template operator()<Field>()` for every field of a schema, in order.
template <class Schema, class F>
constexpr void each_field(F const& f) {
  [&]<std::size_t... Index>(std::index_sequence<Index...>) {
    (f.template operator()<typename Schema::template at<Index>>(), ...);
  }(std::make_index_sequence<Schema::count>{});
}

/// The upper half of a float, rounded to nearest: the storage of weights in half the memory.
struct bf16 {
  std::uint16_t bits = 0;
};

/// Weights in bf16, as the backend that packed them hands them out (`half_view`). `multiply` is that backend's own and
/// may be null: the CPU names its product here, so that programs without such weights need not compile it.
struct half_weights {
  bf16 const* numbers = nullptr;
  void (*multiply)(void const*, index_t, index_t, index_t) = nullptr;
  [[nodiscard]] constexpr half_weights at(index_t offset) const {
    return {numbers == nullptr ? nullptr : numbers + offset, multiply};
  }
};

/// A weight as primitives see it: the canonical (Groups, Out, In) rows, and the copies that the parameter set keeps
/// beside them in whatever order the backend reads them (`pack` of ops/ops.hpp): one for W x, one for W^T y. Where
/// there is a copy in bf16 (`bf16_weights`), W x reads that.
template <class T, index_t Groups, index_t Out, index_t In>
struct weight {
  static constexpr index_t groups = Groups, out = Out, in = In;
  T const* canonical = nullptr;
  T const* packed = nullptr;
  T const* packed_transposed = nullptr;
  half_weights half{};
};

/// Read access to the parameters of one layer: a slice of the model's flat block.
template <class T, class Schema>
struct parameters_of {
  T const* values = nullptr;
  T const* packed = nullptr;
  T const* packed_transposed = nullptr;
  half_weights half{};

  /// The field's numbers in canonical order.
  template <fixed_string Name>
  S2RM_HD constexpr T const* at() const {
    static_assert(Schema::template has<Name>,
                  "s2rm[S005]: this layer has no parameter of that name. See docs/errors.md#S005");
    return values + Schema::template offset<Name>;
  }
  /// The field as a weight of a product.
  template <fixed_string Name>
  constexpr auto matrix() const {
    static_assert(Schema::template has<Name>,
                  "s2rm[S005]: this layer has no parameter of that name. See docs/errors.md#S005");
    using f = typename Schema::template named<Name>;
    constexpr index_t at = Schema::template offset<Name>;
    return weight<T, f::groups, f::out, f::in>{values + at, packed + at, packed_transposed + at, half.at(at)};
  }
  /// A layer inside this one, whose fields begin `offset` numbers further.
  template <class Inner>
  constexpr parameters_of<T, Inner> inner(index_t offset) const {
    return {values + offset, packed + offset, packed_transposed + offset, half.at(offset)};
  }
};

/// Write access to one layer's slice of a flat block of gradients. Layers add to it, never overwrite.
template <class T, class Schema>
struct gradients_of {
  T* values = nullptr;

  template <fixed_string Name>
  S2RM_HD constexpr T* at() const {
    static_assert(Schema::template has<Name>,
                  "s2rm[S005]: this layer has no parameter of that name. See docs/errors.md#S005");
    return values + Schema::template offset<Name>;
  }
  template <class Inner>
  constexpr gradients_of<T, Inner> inner(index_t offset) const {
    return {values + offset};
  }
};

/// Activations of `count` rows that follow a schema: field by field, each (count, extents...). `from(r)` is the same
/// memory seen from row r on: one time step of a whole sequence.
template <class T, class Schema>
struct saved_of {
  T* data = nullptr;
  index_t count = 0;
  index_t first = 0;

  template <fixed_string Name>
  constexpr T* at() const {
    static_assert(Schema::template has<Name>,
                  "s2rm[S006]: this layer saves no activation of that name. See docs/errors.md#S006");
    using f = typename Schema::template named<Name>;
    return data + count * Schema::template offset<Name> + first * f::size;
  }
  [[nodiscard]] constexpr saved_of from(index_t row) const { return {data, count, first + row}; }
  /// To saved_of<T const, Schema>. A template, so that no conversion to the same type is declared.
  template <class Const>
    requires(std::is_same_v<Const, T const> && !std::is_const_v<T>)
  constexpr operator saved_of<Const, Schema>() const {
    return {data, count, first};
  }
};

S2RM_NAMESPACE_END
