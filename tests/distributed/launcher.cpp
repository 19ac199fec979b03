// What a launcher says of its ranks, and a program that is one of several without knowing it.
#include "s2rm/distributed/launcher.hpp"

#include <stdlib.h>

#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace {

using s2rm::test::contains;
namespace distributed = s2rm::distributed;

/// Variables of the environment for the time of a test. Those of a launcher that runs the tests are taken away.
struct environment {
  std::vector<std::string> names{
      "OMPI_COMM_WORLD_SIZE", "PMI_SIZE",           "MV2_COMM_WORLD_SIZE", "MVP_COMM_WORLD_SIZE",
      "FLUX_JOB_SIZE",        "JSM_NAMESPACE_SIZE", "MPI_LOCALNRANKS",     "SLURM_NTASKS",
      "SLURM_STEP_NUM_TASKS", "SLURM_PROCID",       "SLURM_ARRAY_TASK_ID", "S2RM_INDEPENDENT_RUNS"};
  explicit environment(std::vector<std::pair<char const*, char const*>> const& values) {
    for (auto const& name : names) ::unsetenv(name.c_str());
    for (auto const& [name, value] : values) ::setenv(name, value, 1);
  }
  ~environment() {
    for (auto const& name : names) ::unsetenv(name.c_str());
  }
  environment(environment const&) = delete;
  environment& operator=(environment const&) = delete;
};

std::string refusal() {
  try {
    distributed::require_alone();
  } catch (s2rm::rank_error const& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("launcher: several ranks of one program without MPI are refused, by the variable's name") {
  for (char const* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE", "MVP_COMM_WORLD_SIZE",
                           "FLUX_JOB_SIZE", "JSM_NAMESPACE_SIZE", "MPI_LOCALNRANKS", "SLURM_STEP_NUM_TASKS"}) {
    environment const set({{name, "3"}});
    CHECK(distributed::launch_of_environment().ranks == 3);
    auto const text = refusal();
    CHECK_THAT(text, contains(std::string(name) + "=3"));
    CHECK_THAT(text, contains("built without MPI"));
    CHECK_THAT(text, contains("S2RM_INDEPENDENT_RUNS=1"));
  }
}

TEST_CASE("launcher: what is no launch of several ranks is let through") {
  using values = std::vector<std::pair<char const*, char const*>>;
  for (auto const& one : std::vector<values>{
           {},
           {{"OMPI_COMM_WORLD_SIZE", "1"}},
           // An allocation of 8 tasks: the batch script, and an interactive shell that is a step of one task.
           {{"SLURM_NTASKS", "8"}, {"SLURM_PROCID", "0"}},
           {{"SLURM_NTASKS", "8"}, {"SLURM_PROCID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}},
           {{"SLURM_ARRAY_TASK_ID", "3"}, {"SLURM_NTASKS", "1"}},
           // mpirun -n 1 on two machines, whose daemons srun started.
           {{"OMPI_COMM_WORLD_SIZE", "1"}, {"SLURM_STEP_NUM_TASKS", "2"}},
           {{"PMI_SIZE", ""}},
           {{"PMI_SIZE", "many"}},
           {{"PMI_SIZE", "-2"}},
           {{"PMI_SIZE", "4"}, {"S2RM_INDEPENDENT_RUNS", "1"}},
       }) {
    environment const set(one);
    CHECK(refusal() == "");
  }
  environment const set({{"PMI_SIZE", "4"}, {"S2RM_INDEPENDENT_RUNS", "0"}});
  CHECK(refusal() != "");
}
