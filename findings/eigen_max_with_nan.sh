#!/usr/bin/env bash
# Behaviour: with a NaN among 0 ... 10 maxCoeff() gives NaN where the NaN stands first, 10 where it stands in the
# middle and 9 where it replaces the 10. maxCoeff<Eigen::PropagateNaN>() is NaN each time.
# One would guess: NaN always (as numpy's max), or the largest number always (as fmax).
# Seen with: Eigen 3.4.0 (Debian libeigen3-dev 3.4.0-4), x86-64
# For a modeller: "is maxCoeff finite" finds a diverged step only now and then. Name the propagation, or test
# allFinite().
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
# Debian 12's package, unpacked here and not installed.
apt-get -qq -o APT::Sandbox::User=root download 'libeigen3-dev=3.4.0-4'
for package in *.deb; do dpkg -x "$package" root; done
cat >program.cpp <<'CPP'
#include <Eigen/Core>
#include <cmath>
#include <cstdio>
#include <limits>

int main() {
  std::printf("Eigen %d.%d.%d; guess: the same kind of answer each time\n", EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION,
              EIGEN_MINOR_VERSION);
  float seen[3], named[3];
  int const places[3] = {0, 5, 10};
  for (int i = 0; i < 3; ++i) {
    Eigen::ArrayXf a = Eigen::ArrayXf::LinSpaced(11, 0.0f, 10.0f);
    a(places[i]) = std::numeric_limits<float>::quiet_NaN();
    seen[i] = a.maxCoeff();
    named[i] = a.maxCoeff<Eigen::PropagateNaN>();
    std::printf("NaN at %d: maxCoeff %g, with PropagateNaN %g\n", places[i], seen[i], named[i]);
  }
  bool const as_recorded = std::isnan(seen[0]) && seen[1] == 10.0f && seen[2] == 9.0f && std::isnan(named[0]) &&
                           std::isnan(named[1]) && std::isnan(named[2]);
  std::puts(as_recorded ? "as recorded" : "changed");
  return as_recorded ? 0 : 1;
}
CPP
g++ -std=c++17 -O2 -isystem root/usr/include/eigen3 program.cpp -o program
./program
