#!/usr/bin/env bash
# Behaviour: Eigen's vectorised exp of floats clamps its argument, so exp of anything below about -89 is 2.9e-39; what
# is left at the end of the array goes through std::exp and underflows to 0 (or to its true denormal). Eleven equal
# arguments give two results; logistic(-inf) likewise.
# One would guess: exp(-1000) is 0 and exp(-inf) is 0, everywhere in the array.
# Seen with: Eigen 3.4.0 (Debian libeigen3-dev 3.4.0-4), x86-64
# For a modeller: attention weights of masked keys (score -inf) are not exactly zero, and whether they are depends on
# the place in the row.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
# Debian 12's package, unpacked here and not installed.
apt-get -qq -o APT::Sandbox::User=root download 'libeigen3-dev=3.4.0-4'
for package in *.deb; do dpkg -x "$package" root; done
cat >program.cpp <<'CPP'
#include <Eigen/Core>
#include <cstdio>
#include <limits>

int main() {
  std::printf("Eigen %d.%d.%d; guess: 0 in all\n", EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION);
  bool as_recorded = true;
  for (float x : {-1000.0f, -std::numeric_limits<float>::infinity()}) {
    Eigen::ArrayXf const a = Eigen::ArrayXf::Constant(11, x);
    Eigen::ArrayXf const y = a.exp();
    std::printf("exp(%g):", x);
    for (float value : y) { std::printf(" %g", value); }
    std::puts("");
    as_recorded = as_recorded && y(0) > 0.0f && y(0) < 1e-37f && y(10) == 0.0f;
  }
  std::puts(as_recorded ? "as recorded" : "changed");
  return as_recorded ? 0 : 1;
}
CPP
g++ -std=c++17 -O2 -isystem root/usr/include/eigen3 program.cpp -o program
./program
