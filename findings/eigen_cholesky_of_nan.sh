#!/usr/bin/env bash
# Behaviour: Eigen::LLT tests "pivot <= 0", which is false for NaN: info() is Success and the solution is NaN. LDLT of
# the same matrix says NumericalIssue, but says Success for an indefinite matrix.
# One would guess: a factorisation that holds NaN is not successful; the check of info() that every example shows
# covers it.
# Seen with: Eigen 3.4.0 (Debian libeigen3-dev 3.4.0-4)
# For a modeller: a covariance with one missing value passes the check and gives NaN kriging weights. Test allFinite()
# too.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
# Debian 12's package, unpacked here and not installed.
apt-get -qq -o APT::Sandbox::User=root download 'libeigen3-dev=3.4.0-4'
for package in *.deb; do dpkg -x "$package" root; done
cat >program.cpp <<'CPP'
#include <Eigen/Dense>
#include <cmath>
#include <cstdio>
#include <limits>

int main() {
  Eigen::Matrix2d missing, indefinite;
  missing << std::numeric_limits<double>::quiet_NaN(), 1.0, 1.0, 1.0;
  indefinite << 1.0, 2.0, 2.0, 1.0;
  auto const name = [](Eigen::ComputationInfo info) { return info == Eigen::Success ? "Success" : "NumericalIssue"; };
  Eigen::LLT<Eigen::Matrix2d> const llt(missing), llt_indefinite(indefinite);
  Eigen::LDLT<Eigen::Matrix2d> const ldlt(missing), ldlt_indefinite(indefinite);
  double const solution = llt.solve(Eigen::Vector2d(1.0, 1.0))(0);
  std::printf("Eigen %d.%d.%d; guess: NumericalIssue four times\n", EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION,
              EIGEN_MINOR_VERSION);
  std::printf("LLT of NaN %s, solution %g; of indefinite %s\n", name(llt.info()), solution, name(llt_indefinite.info()));
  std::printf("LDLT of NaN %s; of indefinite %s\n", name(ldlt.info()), name(ldlt_indefinite.info()));
  bool const as_recorded = llt.info() == Eigen::Success && std::isnan(solution) &&
                           llt_indefinite.info() == Eigen::NumericalIssue && ldlt.info() == Eigen::NumericalIssue &&
                           ldlt_indefinite.info() == Eigen::Success;
  std::puts(as_recorded ? "as recorded" : "changed");
  return as_recorded ? 0 : 1;
}
CPP
g++ -std=c++17 -O1 -isystem root/usr/include/eigen3 program.cpp -o program
./program
