// A stranger's program that may run on several ranks; without mpirun it is alone.
#include <s2rm/distributed.hpp>

#include <cstdio>

int main() {
  s2rm::distributed::world const world;
  s2rm::communicator::mpi const ranks{world};
  double one = 1;
  ranks.sum(1, &one);
  std::printf("s2rm %s: rank %d of %d\n", S2RM_VERSION_STRING, ranks.rank(), ranks.size());
  return one == ranks.size() ? 0 : 1;
}
