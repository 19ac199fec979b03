// The first translation unit of test.odr; see odr.cpp.
#include <all_headers.hpp>
#include <cstdio>
#include <cstring>
#include <string>

namespace s2rm::test {

char const* version_elsewhere();

}  // namespace s2rm::test

int main() {
  std::string const numbers = std::to_string(S2RM_VERSION_MAJOR) + "." + std::to_string(S2RM_VERSION_MINOR) + "." +
                              std::to_string(S2RM_VERSION_PATCH);
  if (numbers != S2RM_VERSION_STRING) {
    std::fprintf(stderr, "S2RM_VERSION_STRING is %s, the numbers say %s\n", S2RM_VERSION_STRING, numbers.c_str());
    return 1;
  }
  if (std::strcmp(s2rm::test::version_elsewhere(), S2RM_VERSION_STRING) != 0) {
    std::fprintf(stderr, "two translation units disagree about the version\n");
    return 1;
  }
  return 0;
}
