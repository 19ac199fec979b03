// A trainer whose ranks have a GPU each: compiled for the device and linked. mpirun -n <GPUs> test_cuda_nccl would train.
#include <s2rm/thrust.hpp>

#include <s2rm/backend/thrust/cuda/nccl.hpp>
#include <s2rm/distributed.hpp>

#include <cstdio>

#include "cuda/models.hpp"

int main() {
  using net = s2rm::test::gpu_net;
  using team = s2rm::communicator::nccl<s2rm::communicator::mpi>;
  s2rm::distributed::world const world;
  if (s2rm::backend::system::cuda::count() < world.here()) return 77;
  int const device = world.rank() % world.here();
  team const ranks{s2rm::communicator::mpi{world}, device};
  s2rm::trainer<net, s2rm::backend::thrust, float, s2rm::optim::adam, team> learner{
      s2rm::backend::thrust{.device = device}, {}, s2rm::seed{3}, {}, ranks};
  auto const report = learner.step(s2rm::batch_view<float>{});
  std::printf("rank %d: loss %g\n", world.rank(), report.loss);
  return 0;
}
