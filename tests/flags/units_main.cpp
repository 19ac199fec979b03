// units_main <number of units that this machine runs>: runs those first ones of its units, prints what each gives.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" double UNIT_1();
extern "C" double UNIT_2();

int main(int, char** argument) {
  int const runs = std::atoi(argument[1]);
  for (int n = 0; n < runs; ++n) {
    double const given = n == 0 ? UNIT_1() : UNIT_2();
    std::uint64_t bits = 0;
    std::memcpy(&bits, &given, sizeof bits);
    std::printf("unit %d: %016llx about %.6f\n", n + 1, static_cast<unsigned long long>(bits), given);
  }
}
