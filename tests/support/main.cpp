// The one place where Catch2's runner is compiled (with version 2 it costs many seconds).
#define CATCH_CONFIG_RUNNER
#include "support/catch.hpp"

int main(int argc, char* argv[]) { return Catch::Session().run(argc, argv); }
