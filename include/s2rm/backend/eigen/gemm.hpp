#pragma once
/// \file
/// Which product does the GEMMs of the CPU backend. A program that names `gemm::eigen` compiles Eigen's product; the
/// others pay neither for it nor for Eigen's headers.

#include <type_traits>

#include "s2rm/backend/eigen/blocked_gemm.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend {

namespace detail {

/// c (rows, columns) from a (rows, depth) and b[k, o] = b[k * k_step + o * o_step], not packed.
template <class T>
using unpacked_product = void (*)(product_operands<T> const&, index_t k_step, index_t o_step, index_t row_count,
                                  index_t columns, index_t depth);

/// What `gemm::eigen` stands for; specialised by eigen_gemm.hpp.
template <class Gemm>
struct eigen_products {
  static_assert(sizeof(Gemm) == 0, "s2rm: gemm::eigen: expected #include <s2rm/backend/eigen/eigen_gemm.hpp>");
};

/// Members of a template are instantiated where they are used.
template <class Gemm>
class gemm_by_eigen {
 public:
  static Gemm const eigen;  ///< Eigen's product: portable; a stream then equals a sequence up to rounding only

 private:
  friend Gemm;
  constexpr gemm_by_eigen() = default;
};

}  // namespace detail

/// Which product does the GEMMs: `gemm::blocked` or, where backend/eigen/eigen_gemm.hpp is included, `gemm::eigen`.
class gemm : public detail::gemm_by_eigen<gemm> {
 public:
  static gemm const blocked;  ///< the register-blocked kernel: the same bits for a row whatever the number of rows

  constexpr gemm() = default;
  /// A library's product of operands that are not packed, for either type.
  constexpr gemm(detail::unpacked_product<float> of_float, detail::unpacked_product<double> of_double)
      : float_(of_float), double_(of_double) {}

  /// Null: the register-blocked kernel.
  template <class T>
  [[nodiscard]] constexpr detail::unpacked_product<T> product() const {
    if constexpr (std::is_same_v<T, float>) return float_;
    else return double_;
  }
  friend constexpr bool operator==(gemm const& a, gemm const& b) {
    return a.float_ == b.float_ && a.double_ == b.double_;
  }

 private:
  detail::unpacked_product<float> float_ = nullptr;
  detail::unpacked_product<double> double_ = nullptr;
};

inline constexpr gemm gemm::blocked{};
template <class Gemm>
constexpr Gemm detail::gemm_by_eigen<Gemm>::eigen = eigen_products<Gemm>::value;

}  // namespace backend
S2RM_NAMESPACE_END
