#!/usr/bin/env bash
# Behaviour: tuned for AMD's Zen (-march=znver1 to znver3, -march=native there), GCC leaves the multiply-add of a loop with
# a single sum unfused (vmul, vadd) and fuses that of a loop with two (vfmadd), in one program, under one set of flags.
# One would guess: with FMA and -ffp-contract=fast, GCC's default, both are fused; -mtune changes speed, never results.
# Seen with: g++ 12.2.0 (Debian g++-12 12.2.0-14+deb12u1), x86-64
# For a modeller: a row of a product computed alone (a stream, a batch of one) differs in its last bits from the same row
# among others, on Zen only. --param=avoid-fma-max-bits=0 or __builtin_assoc_barrier around the sum makes them equal.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
# Debian 12's package, unpacked here and not installed; its front end alone makes assembly.
apt-get -qq -o APT::Sandbox::User=root download 'g++-12=12.2.0-14+deb12u1'
for package in *.deb; do dpkg -x "$package" root; done
cc1plus=root/usr/lib/gcc/x86_64-linux-gnu/12/cc1plus
cat >program.cpp <<'CPP'
float one(float const* a, float const* b, int n) {
  float sum = 0;
  for (int k = 0; k < n; ++k) sum += a[k] * b[k];
  return sum;
}
void two(float const* a, float const* b, float const* c, int n, float* to) {
  float first = 0, second = 0;
  for (int k = 0; k < n; ++k) {
    first += a[k] * b[k];
    second += a[k] * c[k];
  }
  to[0] = first;
  to[1] = second;
}
CPP
echo "g++ $("$cc1plus" -version </dev/null -o /dev/null 2>&1 | sed -n 's/.* version \([^ ]*\) .*/\1/p' | head -n 1); guess: vfmadd in both"
# count <flags>: fused and unfused instructions of each function.
count() {
  "$cc1plus" -quiet -O2 -fno-tree-vectorize "$@" program.cpp -o program.s
  awk -v flags="$*" '/^_Z3one/ { f = "one" } /^_Z3two/ { f = "two" } /vfmadd[0-9]+ss/ { fused[f]++ } /vmulss/ { apart[f]++ }
    END { printf "%s: one sum %d fused, %d apart; two sums %d fused, %d apart\n", flags, fused["one"], apart["one"], fused["two"], apart["two"] }' program.s
}
count -march=znver3 | tee seen
count -march=znver3 -mtune=generic | tee -a seen
cat >recorded <<'TEXT'
-march=znver3: one sum 0 fused, 1 apart; two sums 2 fused, 0 apart
-march=znver3 -mtune=generic: one sum 1 fused, 0 apart; two sums 2 fused, 0 apart
TEXT
if cmp -s seen recorded; then
  echo "as recorded"
else
  echo "changed"
  exit 1
fi
