// A writer that is killed, that runs out of space, whose writes are short or fail: whatever happens, and wherever, what the
// name stands for loads, and is the old checkpoint or the new one.
//
// The calls to the system that a write makes are replaced in this program by ones that count them and can be told to end
// the process, or to fail, at any of them.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "s2rm/io/checkpoint.hpp"
#include "support/catch.hpp"
#include "support/files.hpp"

namespace {

/// What is to go wrong. All numbers count from the moment `armed` becomes true.
struct {
  bool armed = false;
  long calls = 0, bytes = 0;   ///< made and written so far
  long kill_before = -1;       ///< SIGKILL in place of the call of this number
  long kill_after_bytes = -1;  ///< SIGKILL once so many bytes are written
  long room = -1;              ///< bytes until ENOSPC
  long piece = 0;              ///< most bytes that one write takes; 0: all
  bool interrupted = false;    ///< every other write or read fails with EINTR
  bool at_folder = false;      ///< a folder was opened: what is flushed next is that
  char const* failing = "";    ///< the call of this name fails ...
  int error = 0;               ///< ... with this
  std::array<char const*, 4096> names{};
} plan;

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

/// Counts a call. Returns whether it is to fail; errno is set then.
bool noted(char const* name) {
  if (!plan.armed) return false;
  if (plan.calls == plan.kill_before) die();
  if (static_cast<std::size_t>(plan.calls) < plan.names.size()) plan.names[static_cast<std::size_t>(plan.calls)] = name;
  ++plan.calls;
  if (std::string_view(plan.failing) != name) return false;
  errno = plan.error;
  return true;
}

}  // namespace

extern "C" {

ssize_t write(int file, void const* data, size_t size) {
  if (noted("write")) return -1;
  if (!plan.armed) return ::syscall(SYS_write, file, data, size);
  if (plan.interrupted && plan.calls % 2 == 0) {
    errno = EINTR;
    return -1;
  }
  auto count = static_cast<long>(size);
  if (plan.piece > 0) count = std::min(count, plan.piece);
  if (plan.room >= 0) {
    count = std::min(count, plan.room - plan.bytes);
    if (count == 0 && size > 0) {
      errno = ENOSPC;
      return -1;
    }
  }
  if (plan.kill_after_bytes >= 0 && plan.bytes + count >= plan.kill_after_bytes) {
    ::syscall(SYS_write, file, data, plan.kill_after_bytes - plan.bytes);
    die();
  }
  auto const written = ::syscall(SYS_write, file, data, count);
  plan.bytes += written;
  return written;
}

ssize_t read(int file, void* data, size_t size) {
  if (noted("read")) return -1;
  if (plan.armed && plan.interrupted && plan.calls % 2 == 0) {
    errno = EINTR;
    return -1;
  }
  return ::syscall(SYS_read, file, data, size);
}

int fsync(int file) {
  if (noted(plan.at_folder ? "flush the folder" : "fsync")) return -1;
  return static_cast<int>(::syscall(SYS_fsync, file));
}

int fstat(int file, struct stat* to) noexcept {
  if (noted("fstat")) return -1;
  return static_cast<int>(::syscall(SYS_fstat, file, to));
}

int rename(char const* from, char const* to) noexcept {
  if (noted("rename")) return -1;
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int fchmod(int file, mode_t mode) noexcept {
  if (noted("fchmod")) return -1;
  return static_cast<int>(::syscall(SYS_fchmod, file, mode));
}

int close(int file) {
  bool const fails = noted("close");
  auto const closed = static_cast<int>(::syscall(SYS_close, file));
  if (fails) errno = plan.error;
  return fails ? -1 : closed;
}

int open(char const* path, int flags, ...) {
  std::va_list more;
  va_start(more, flags);
  auto const mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : mode_t{0};
  va_end(more);
  if (plan.armed) plan.at_folder = (flags & O_DIRECTORY) != 0;
  if (noted((flags & O_DIRECTORY) != 0 ? "open the folder" : "open")) return -1;
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

}  // extern "C"

namespace {

namespace io = s2rm::io;
using s2rm::test::contains;
using s2rm::test::read_text;
using s2rm::test::refusal;
using s2rm::test::temporary_folder;

/// Bytes from one point to the next: a process of a build with sanitizers takes long to copy.
#ifdef __OPTIMIZE__
constexpr long stride = 1;
#else
constexpr long stride = 7;
#endif

using net = s2rm::schema<s2rm::field<"encoder.0.weight", 8, 12>, s2rm::field<"encoder.0.bias", 8>>;

std::vector<float> weights(float first) {
  std::vector<float> values(static_cast<std::size_t>(net::size));
  std::iota(values.begin(), values.end(), first);
  return values;
}

void save(std::string const& path, float first) {
  auto const values = weights(first);
  auto const moments = weights(-first);
  std::array const training{io::source_of("train.moments", {net::size}, moments.data())};
  io::save_checkpoint(path, net::infos, values.data(), "a writer that may be killed", training);
}

/// Which checkpoint stands there: the number of its first weight, or -1 where it does not load as a whole.
float standing(std::string const& path) {
  auto values = weights(-1);
  constexpr std::array<io::training_field, 1> training{{{"train.moments", io::dtype::f32, net::size, net::size}}};
  try {
    auto const opened = io::load_checkpoint(path, net::infos, values.data(), training);
    bool const whole =
        values == weights(values[0]) && opened.file.numbers<float>("train.moments") == weights(-values[0]);
    return whole ? values[0] : -1;
  } catch (s2rm::file_error const&) {
    return -1;
  }
}

/// Runs `save` of checkpoint 2 in a process of its own after `set`, and returns how that ended: 0, or a signal.
template <class Set>
int in_a_process(std::string const& path, Set const& set) {
  auto const child = ::fork();
  if (child == 0) {
    set();
    plan.armed = true;
    try {
      save(path, 2);
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 128 + WEXITSTATUS(status);
}

/// The calls of one undisturbed save over an older file.
std::vector<std::string> calls_of_a_save(std::string const& path) {
  plan = {};
  plan.armed = true;
  save(path, 1);
  std::vector<std::string> const calls(plan.names.begin(), plan.names.begin() + plan.calls);
  plan = {};
  return calls;
}

/// A save whose plan was set, in this process; what it threw.
std::string failed_save(std::string const& path) {
  plan.armed = true;
  auto text = refusal([&] { save(path, 2); });
  plan = {};
  return text;
}

}  // namespace

TEST_CASE("crash: a file is flushed before it gets its name, and the name before the save returns") {
  temporary_folder const folder;
  save(folder / "c", 1);
  auto const calls = calls_of_a_save(folder / "c");
  auto const at = [&](char const* name, std::ptrdiff_t from = 0) {
    auto const found = std::find(calls.begin() + from, calls.end(), name);
    REQUIRE(found != calls.end());
    return found - calls.begin();
  };
  auto const last_write = calls.rend() - std::find(calls.rbegin(), calls.rend(), "write") - 1;
  CHECK(calls[0] == "open");
  CHECK(last_write < at("fsync"));
  CHECK(at("fsync") < at("rename"));
  CHECK(at("rename") < at("open the folder"));
  CHECK(at("open the folder") < at("flush the folder"));
}

TEST_CASE("crash: killed before any of its calls, or after any of its bytes, a writer leaves a checkpoint that loads") {
  temporary_folder const folder;
  auto const path = folder / "c";
  save(path, 1);
  auto const calls = calls_of_a_save(path);
  auto const size = static_cast<long>(read_text(path).size());
  auto const renamed = std::find(calls.begin(), calls.end(), "rename") - calls.begin();
  long points = 0, killed = 0, wrong = 0;
  auto const killed_with = [&](auto const& set, float expected) {
    ++points;
    killed += in_a_process(path, set) == SIGKILL ? 1 : 0;
    if (standing(path) != expected) {
      ++wrong;
      UNSCOPED_INFO("kill point " << points << ": expected checkpoint " << expected << ", found " << standing(path));
    }
    // The old one again, and nothing beside it.
    for (auto const& entry : std::filesystem::directory_iterator(folder.path())) {
      if (entry.path().string() != path) std::filesystem::remove(entry.path());
    }
    if (expected != 1) save(path, 1);
  };
  for (long call = 0; call < static_cast<long>(calls.size()); ++call) {
    killed_with([call] { plan.kill_before = call; }, call <= renamed ? 1.0F : 2.0F);
  }
  for (long bytes = 0; bytes <= size; bytes += stride) {
    killed_with([bytes] { plan.kill_after_bytes = bytes; }, 1.0F);
  }
  CHECK(points * stride >= 1000);
  CHECK(killed == points);
  CHECK(wrong == 0);
  // And nothing of this is by chance: undisturbed, the same writer replaces the file.
  CHECK(in_a_process(path, [] {}) == 128);
  CHECK(standing(path) == 2);
}

TEST_CASE("crash: a first save that is killed leaves no checkpoint, and no half of one") {
  temporary_folder const folder;
  auto const path = folder / "c";
  for (long bytes = 0; bytes < 1000; bytes += 50) {
    CHECK(in_a_process(path, [bytes] { plan.kill_after_bytes = bytes; }) == SIGKILL);
    CHECK_FALSE(std::filesystem::exists(path));
  }
}

TEST_CASE("crash: a full disk, whenever it fills up") {
  temporary_folder const folder;
  auto const path = folder / "c";
  save(path, 1);
  auto const size = static_cast<long>(read_text(path).size());
  for (long room = 0; room < size; room += stride) {
    plan.room = room;
    CHECK_THAT(failed_save(path), contains(path + ": cannot write: No space left on device"));
    CHECK(standing(path) == 1);
    REQUIRE(folder.count() == 1);
  }
  plan.room = size;
  plan.armed = true;
  save(path, 2);
  plan = {};
  CHECK(standing(path) == 2);
}

TEST_CASE("crash: short and interrupted writes are continued") {
  temporary_folder const folder;
  auto const path = folder / "c";
  save(path, 2);
  auto const whole = read_text(path);
  for (long const piece : {1L, 3L, 100L}) {
    for (bool const interrupted : {false, true}) {
      save(path, 1);
      plan.piece = piece;
      plan.interrupted = interrupted;
      plan.armed = true;
      save(path, 2);
      plan = {};
      CHECK(read_text(path) == whole);
    }
  }
}

TEST_CASE("crash: a call that fails leaves the old file, no other, and is named") {
  temporary_folder const folder;
  auto const path = folder / "c";
  save(path, 1);
  auto const fails = [&](char const* call, int error, char const* text) {
    plan.failing = call;
    plan.error = error;
    CHECK_THAT(failed_save(path), contains(text));
    CHECK(standing(path) == 1);
    CHECK(folder.count() == 1);
  };
  fails("open", EACCES, "cannot create a temporary file beside it: Permission denied");
  fails("open", EEXIST, "cannot create a temporary file beside it: File exists");
  fails("fchmod", EPERM, "cannot keep its permissions: Operation not permitted");
  fails("write", EIO, "cannot write: Input/output error");
  fails("fsync", EIO, "cannot flush: Input/output error");
  fails("close", EIO, "cannot close: Input/output error");
  fails("rename", EROFS, "cannot rename onto: Read-only file system");
  // From here on the new file stands: what fails is only its safety from a loss of power.
  plan.failing = "open the folder";
  plan.error = EACCES;
  CHECK_THAT(failed_save(path), contains("cannot open the folder: Permission denied"));
  CHECK(standing(path) == 2);
  CHECK(folder.count() == 1);
  plan.failing = "flush the folder";
  plan.error = EIO;
  CHECK_THAT(failed_save(path), contains("cannot flush the folder: Input/output error"));
  // File systems that cannot flush a folder say so: that is no failure.
  for (int const error : {EINVAL, ENOTSUP}) {
    save(path, 1);
    plan.failing = "flush the folder";
    plan.error = error;
    plan.armed = true;
    save(path, 2);
    plan = {};
    CHECK(standing(path) == 2);
  }
  CHECK(io::detail::folder_of("name") == ".");
  CHECK(io::detail::folder_of("/name") == "/");
  CHECK(io::detail::folder_of("/a/name") == "/a");
}

TEST_CASE("crash: a read that fails, is interrupted, or finds less than there was") {
  temporary_folder const folder;
  auto const path = folder / "c";
  save(path, 1);
  auto const load = [&] {
    std::vector<float> values(static_cast<std::size_t>(net::size));
    plan.armed = true;
    io::load_checkpoint(path, net::infos, values.data());
    plan = {};
    CHECK(values == weights(1));
  };
  plan.failing = "read";
  plan.error = EIO;
  CHECK_THAT(refusal(load), contains(path + ": cannot read: Input/output error"));
  plan = {};
  plan.failing = "fstat";
  plan.error = EIO;
  CHECK_THAT(refusal(load), contains(path + ": cannot ask its size: Input/output error"));
  plan = {};
  plan.interrupted = true;
  load();
  io::input_file opened(path);
  CHECK(opened.path() == path);
  std::filesystem::resize_file(path, 10);
  std::vector<std::byte> bytes(static_cast<std::size_t>(opened.size()));
  CHECK_THAT(refusal([&] { opened.read(bytes); }), contains("the file became shorter while it was read"));
}

TEST_CASE("crash: a limit of the system on the length of files") {
  temporary_folder const folder;
  auto const path = folder / "c";
  save(path, 1);
  for (rlim_t const most : {0U, 1U, 700U}) {
    auto const ended = in_a_process(path, [most] {
      std::signal(SIGXFSZ, SIG_IGN);
      rlimit const limit{most, most};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    });
    CHECK(ended == 128 + 1);
    CHECK(standing(path) == 1);
    CHECK(folder.count() == 1);
  }
}

TEST_CASE("crash: temporary files of killed writers are removed, and nothing else") {
  temporary_folder const folder;
  auto const path = folder / "c";
  CHECK(in_a_process(path, [] { plan.kill_after_bytes = 10; }) == SIGKILL);
  REQUIRE(folder.count() == 1);
  auto const left = std::filesystem::directory_iterator(folder.path())->path();
  CHECK(io::detail::is_temporary(left.filename().string()));
  save(path, 1);
  s2rm::test::write_text(folder / "c.tmp.5", "mine");
  s2rm::test::write_text(folder / "c.tmp.x.5", "mine");
  auto const age = [&] {
    auto const old = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
    for (auto const& entry : std::filesystem::directory_iterator(folder.path())) {
      std::filesystem::last_write_time(entry.path(), old);
    }
  };
  // A young one may have a writer that has not locked it yet.
  io::detail::remove_unfinished(folder.path().string());
  CHECK(std::filesystem::exists(left));
  age();
  // Of what cannot be looked at nothing is known.
  plan.armed = true;
  plan.failing = "fstat";
  plan.error = EIO;
  io::detail::remove_unfinished(folder.path().string());
  plan = {};
  CHECK(std::filesystem::exists(left));
  {
    io::detail::temporary_file const at_work(folder / "c");
    age();
    io::detail::remove_unfinished(folder.path().string());
    CHECK(folder.count() == 4);  // the checkpoint, the two that are no temporary files, the one at work
  }
  CHECK_FALSE(std::filesystem::exists(left));
  CHECK(standing(path) == 1);
  CHECK(folder.count() == 3);
  // What only has such a name: a folder, a pipe, a link.
  std::filesystem::create_directory(folder.path() / "c.tmp.1.1");
  REQUIRE(::mkfifo((folder / "c.tmp.1.2").c_str(), 0600) == 0);
  std::filesystem::create_symlink(path, folder.path() / "c.tmp.1.3");
  io::detail::remove_unfinished(folder.path().string());
  CHECK(folder.count() == 6);
  CHECK(standing(path) == 1);
  io::detail::remove_unfinished(folder / "nowhere");
  for (char const* name : {"", "c", "c.tmp", "c.tmp.", "c.tmp.1", "c.tmp.1.", "c.tmp1.1", "12", "c.tmp.1x1"}) {
    CHECK_FALSE(io::detail::is_temporary(name));
  }
}
