#!/usr/bin/env bash
# Behaviour: xt::random::rand returns an expression: two arrays assigned from one such variable differ. The reduction
# amin restarts behind a NaN, so {1, NaN, 3} has the minimum 3, which is neither the smallest number nor NaN.
# One would guess: a random array is drawn where it is made (documented laziness is for arithmetic); a minimum with
# NaN is NaN or 1.
# Seen with: xtensor 0.24.3 (Debian libxtensor-dev 0.24.3-1)
# For a modeller: noise added for the forward pass is another one in the backward pass; a smallest value can be larger
# than another. Assign to xt::xarray, mask NaN first.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
# Debian 12's package, unpacked here and not installed.
apt-get -qq -o APT::Sandbox::User=root download 'libxtensor-dev=0.24.3-1' 'xtl-dev=0.7.2-2.1'
for package in *.deb; do dpkg -x "$package" root; done
cat >program.cpp <<'CPP'
#include <xtensor/xarray.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xrandom.hpp>
#include <cstdio>
#include <limits>

int main() {
  auto noise = xt::random::rand<double>({2});
  xt::xarray<double> const first = noise, second = noise;
  xt::xarray<double> const a = {1.0, std::numeric_limits<double>::quiet_NaN(), 3.0};
  double const least = xt::amin(a)();
  std::printf("xtensor %d.%d.%d; guess: equal; NaN or 1\n", XTENSOR_VERSION_MAJOR, XTENSOR_VERSION_MINOR,
              XTENSOR_VERSION_PATCH);
  std::printf("one variable read twice: %.6f %.6f and %.6f %.6f; amin of 1, NaN, 3: %g\n", first(0), first(1), second(0),
              second(1), least);
  bool const as_recorded = first(0) != second(0) && least == 3.0;
  std::puts(as_recorded ? "as recorded" : "changed");
  return as_recorded ? 0 : 1;
}
CPP
g++ -std=c++17 -O1 -isystem root/usr/include program.cpp -o program
./program
