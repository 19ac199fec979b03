#pragma once
/// \file
/// The only file that includes Eigen: the portable product, and the check of the register-blocked one. Programs that
/// choose `gemm::eigen` include it.

// GCC 12 finds an uninitialised number in its own AVX-512 intrinsics when Eigen is inlined (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <Eigen/Core>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include "s2rm/backend/eigen/gemm.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

static_assert(EIGEN_VERSION_AT_LEAST(3, 4, 0), "s2rm: Eigen 3.4 or newer is needed");

/// y = W x for one group by Eigen: c (rows, columns) from a (rows, depth) and b[k, o] = b[k * k_step + o * o_step], not
/// packed. The order of the sums is Eigen's own and depends on the extents.
template <class T>
inline void product_by_eigen(product_operands<T> const& m, index_t k_step, index_t o_step, index_t row_count,
                             index_t columns, index_t depth) {
  using matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using any_stride = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
  if (row_count == 0 || columns == 0) return;
  Eigen::Map<matrix const, 0, any_stride> const a(m.a, row_count, depth, any_stride(m.a_row, m.a_step));
  Eigen::Map<matrix const, 0, any_stride> const b(m.b, depth, columns, any_stride(k_step, o_step));
  Eigen::Map<matrix, 0, Eigen::OuterStride<>> c(m.c, row_count, columns, Eigen::OuterStride<>(m.c_row));
  if (!m.accumulate) {
    if (m.bias != nullptr) {
      c.rowwise() = Eigen::Map<Eigen::Matrix<T, 1, Eigen::Dynamic> const>(m.bias, columns);
    } else {
      c.setZero();
    }
  }
  if (depth > 0) c.noalias() += a * b;
}

/// What `gemm::eigen` stands for.
template <>
struct eigen_products<gemm> {
  static constexpr gemm value{product_by_eigen<float>, product_by_eigen<double>};
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
