// The second translation unit of test.odr: it includes every public header once more, so that a function or variable
// that should be inline and is not fails at the link.
#include <all_headers.hpp>

namespace s2rm::test {

char const* version_elsewhere() { return S2RM_VERSION_STRING; }

}  // namespace s2rm::test
