#pragma once
/// \file
/// Whole files in and out: exact reads, and writes that either replace the old file completely or leave it untouched.
///
/// A write goes to a new file in the same folder, is flushed to the device, and only then takes the final name
/// (rename is atomic within one folder). A reader of that name sees the old content or the new, never a part.

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "s2rm/io/message.hpp"

S2RM_NAMESPACE_BEGIN
namespace io {

namespace detail {

/// "s2rm: <path>: <what>: <text of errno>"
[[noreturn, gnu::noinline, gnu::cold]] inline void throw_system_error(std::string const& path, char const* what,
                                                                      int code) {
  refuse(path, {what, ": ", std::generic_category().message(code)});
}

/// A file descriptor that closes itself.
class descriptor {
 public:
  explicit descriptor(int number) : number_(number) {}
  descriptor(descriptor const&) = delete;
  descriptor& operator=(descriptor const&) = delete;
  descriptor(descriptor&&) = delete;
  descriptor& operator=(descriptor&&) = delete;
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }
  /// Closes now; returns false where the system reports that written data were lost.
  [[nodiscard]] bool close() { return ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

/// The folder part of a path, for opening it.
inline std::string folder_of(std::string const& path) {
  auto const slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

inline void write_all(int number, std::span<std::byte const> bytes, std::string const& path) {
  while (!bytes.empty()) {
    auto const written = ::write(number, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      throw_system_error(path, "cannot write", errno);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

/// Makes the new name itself survive a power loss. File systems that can not flush a folder say EINVAL: no error.
inline void flush_folder(std::string const& folder) {
  descriptor const opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.number() < 0) throw_system_error(folder, "cannot open the folder", errno);
  if (::fsync(opened.number()) != 0 && errno != EINVAL && errno != ENOTSUP) {
    throw_system_error(folder, "cannot flush the folder", errno);
  }
}

/// A new, empty file beside `path`: created exclusively, deleted again unless `commit` gave it its final name.
class temporary_file {
 public:
  explicit temporary_file(std::string const& path) : file_(create(path, name_)) {}
  temporary_file(temporary_file const&) = delete;
  temporary_file& operator=(temporary_file const&) = delete;
  ~temporary_file() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }
  [[nodiscard]] int number() const { return file_.number(); }

  void commit(std::string const& path) {
    if (::fsync(file_.number()) != 0) throw_system_error(path, "cannot flush", errno);
    if (!file_.close()) throw_system_error(path, "cannot close", errno);
    if (::rename(name_.c_str(), path.c_str()) != 0) throw_system_error(path, "cannot rename onto", errno);
    name_.clear();
    flush_folder(folder_of(path));
  }

 private:
  /// O_EXCL keeps two writers apart; the process number and a counter only make a free name likely.
  static descriptor create(std::string const& path, std::string& name) {
    static std::atomic<unsigned> counter{0};
    for (int attempt = 0; attempt < 100; ++attempt) {
      std::string candidate = path;
      append(candidate, {".tmp.", static_cast<std::uint64_t>(::getpid()), ".", std::uint64_t{counter++}});
      int const number = ::open(candidate.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (number >= 0) {
        name = std::move(candidate);
        // Held while the file is written: a file that `remove_unfinished` can lock has no writer. On a file system
        // without locks only that check is lost.
        static_cast<void>(::flock(number, LOCK_EX | LOCK_NB));
        return descriptor(number);
      }
      if (errno != EEXIST) throw_system_error(path, "cannot create a temporary file beside it", errno);
    }
    throw_system_error(path, "cannot create a temporary file beside it", EEXIST);
  }

  std::string name_;  // before file_, whose initialiser sets it
  descriptor file_;
};

/// Whether a file's name is one that `temporary_file` gives: "<name>.tmp.<number>.<number>".
inline bool is_temporary(std::string_view name) {
  for (int i = 0; i < 2; ++i) {
    auto const rest = name.find_last_not_of("0123456789");
    if (rest == std::string_view::npos || rest + 1 == name.size() || name[rest] != '.') return false;
    name = name.substr(0, rest);
  }
  return name.ends_with(".tmp");
}

/// Removes the temporary files of a folder whose writers are gone: those that are not locked, and too old for their
/// writer to be about to lock them. A file that cannot be removed stays; it does no harm.
inline void remove_unfinished(std::string const& folder) {
  constexpr std::time_t young = 60;  // seconds
  auto* const opened = ::opendir(folder.c_str());
  if (opened == nullptr) return;
  while (auto const* const entry = ::readdir(opened)) {
    if (!is_temporary(entry->d_name)) continue;
    auto const path = folder + "/" + entry->d_name;
    descriptor const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
    struct stat status{};
    if (file.number() < 0 || ::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (std::time(nullptr) - status.st_mtime < young || ::flock(file.number(), LOCK_EX | LOCK_NB) != 0) continue;
    ::unlink(path.c_str());
  }
  ::closedir(opened);
}

}  // namespace detail

/// A regular file opened for reading. Anything else (folder, pipe, device) is refused: its size would mean nothing.
class input_file {
 public:
  /// \throws file_error if the file can not be opened or is not a regular file.
  explicit input_file(std::string path)
      // O_NONBLOCK: opening a pipe must not wait for a writer before it can be refused.
      : path_(std::move(path)), file_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (file_.number() < 0) detail::throw_system_error(path_, "cannot open", errno);
    struct stat status{};
    if (::fstat(file_.number(), &status) != 0) detail::throw_system_error(path_, "cannot ask its size", errno);
    if (!S_ISREG(status.st_mode)) detail::refuse(path_, {"expected a regular file"});
    size_ = static_cast<std::uint64_t>(status.st_size);
  }

  [[nodiscard]] std::string const& path() const { return path_; }
  /// Bytes in the file when it was opened.
  [[nodiscard]] std::uint64_t size() const { return size_; }

  /// Reads the next `out.size()` bytes.
  /// \throws file_error if the file ends before.
  void read(std::span<std::byte> out) {
    while (!out.empty()) {
      auto const got = ::read(file_.number(), out.data(), out.size());
      if (got < 0) {
        if (errno == EINTR) continue;
        detail::throw_system_error(path_, "cannot read", errno);
      }
      if (got == 0) detail::refuse(path_, {"the file became shorter while it was read"});
      out = out.subspan(static_cast<std::size_t>(got));
    }
  }

 private:
  std::string path_;
  detail::descriptor file_;
  std::uint64_t size_ = 0;
};

namespace detail {

/// Bytes in memory, read like a file.
class memory_input {
 public:
  explicit memory_input(std::span<std::byte const> bytes) : rest_(bytes), size_(bytes.size()) {}
  [[nodiscard]] std::uint64_t size() const { return size_; }
  void read(std::span<std::byte> out) {
    if (!out.empty()) std::memcpy(out.data(), rest_.data(), out.size());
    rest_ = rest_.subspan(out.size());
  }

 private:
  std::span<std::byte const> rest_;
  std::uint64_t size_;
};

}  // namespace detail

/// Replaces `path` by the concatenation of `pieces`, all or nothing: written to a new file in the same folder, flushed,
/// renamed; then the folder is flushed. An existing file keeps its permissions; a symbolic link is replaced by the
/// file.
/// \throws file_error on any failure; up to the rename the old file is then untouched and the new one is gone.
inline void write_file_atomically(std::string const& path, std::span<std::span<std::byte const> const> pieces) {
  struct stat old{};
  bool const exists = ::stat(path.c_str(), &old) == 0;
  // Renaming onto /dev/null would destroy it for the whole machine.
  if (exists && !S_ISREG(old.st_mode)) {
    detail::refuse(path, {"exists and is not a regular file, it will not be replaced"});
  }
  detail::temporary_file fresh(path);
  if (exists && ::fchmod(fresh.number(), old.st_mode & 07777) != 0) {
    detail::throw_system_error(path, "cannot keep its permissions", errno);
  }
  for (auto const piece : pieces) detail::write_all(fresh.number(), piece, path);
  fresh.commit(path);
}

}  // namespace io
S2RM_NAMESPACE_END
