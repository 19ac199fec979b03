#!/usr/bin/env bash
# Behaviour: the default engine is a linear congruential one with no seed mixing: the first uniform of seed s is 48271
# s / 2^31, below 1e-4 for seeds 0 to 4, the second ones are equally spaced too, and seed 0 equals seed 1. Through
# normal_distribution the first draws lie in one tail.
# One would guess: engines with different seeds give unrelated numbers from the first on, as the usual "one engine per
# thread, seeded by its index" needs.
# Seen with: nvidia-cuda-cccl 13.3.5.0.6 (Thrust), host system
# For a modeller: noise per sensor or per thread drawn so is a smooth ramp over the index. Discard far apart from one
# seed, or use a counter-based generator.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'nvidia-cuda-cccl==13.3.5.0.6'
cat >program.cpp <<'CPP'
#include <thrust/random.h>
#include <thrust/version.h>
#include <cmath>
#include <cstdio>

int main() {
  std::printf("thrust %d; guess: scattered over [0, 1)\n", THRUST_VERSION);
  bool as_recorded = true;
  double first[5];
  for (unsigned seed = 0; seed < 5; ++seed) {
    thrust::default_random_engine engine(seed);
    thrust::uniform_real_distribution<double> uniform(0.0, 1.0);
    first[seed] = uniform(engine);
    double const second = uniform(engine);
    std::printf("seed %u: first %.9f second %.9f\n", seed, first[seed], second);
    if (seed > 0) { as_recorded = as_recorded && std::abs(first[seed] - seed * 48271.0 / 2147483648.0) < 1e-8; }
  }
  as_recorded = as_recorded && first[0] == first[1];
  std::puts(as_recorded ? "as recorded" : "changed");
  return as_recorded ? 0 : 1;
}
CPP
include=$(dirname "$(find venv -path '*/thrust/version.h' | head -n 1)")/..
g++ -std=c++17 -w -DTHRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP -I"$include" program.cpp -o program
./program
