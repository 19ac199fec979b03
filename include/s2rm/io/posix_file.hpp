#pragma once
/// \file
/// The system's files on POSIX. The same functions for Windows are in io/windows_file.hpp; io/file.hpp is the only user
/// of both. Functions that can fail return false (or a negative number), and `last_error` then says why.

#include "s2rm/core/config.hpp"

#if !defined(_WIN32)

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <span>
#include <string>
#include <system_error>

S2RM_NAMESPACE_BEGIN
namespace io::detail::system_file {

inline std::error_code last_error() { return {errno, std::generic_category()}; }
inline bool interrupted() { return errno == EINTR; }
inline bool name_taken() { return errno == EEXIST; }

inline std::uint64_t process_number() { return static_cast<std::uint64_t>(::getpid()); }

/// What is known of a file.
struct facts {
  bool regular = false;
  std::uint64_t size = 0;
  std::int64_t modified = 0;  ///< seconds since the epoch
  ::mode_t permissions = 0;
};

// glibc's plain calls fail on a 32-bit machine where a size, or the number of an inode, needs 64 bits.
#if defined(__GLIBC__) && defined(__USE_LARGEFILE64) && !defined(__LP64__) && !defined(__USE_FILE_OFFSET64)
using status_type = struct ::stat64;
inline int status_of(int file, status_type& to) { return ::fstat64(file, &to); }
inline int status_of(char const* path, status_type& to) { return ::stat64(path, &to); }
inline constexpr int large_file = O_LARGEFILE;
#else
using status_type = struct ::stat;
inline int status_of(int file, status_type& to) { return ::fstat(file, &to); }
inline int status_of(char const* path, status_type& to) { return ::stat(path, &to); }
inline constexpr int large_file = 0;
#endif

/// `file` is a path or an open file.
template <class File>
bool ask(File file, facts& found) {
  status_type status{};
  if (status_of(file, status) != 0) return false;
  found = {S_ISREG(status.st_mode), static_cast<std::uint64_t>(status.st_size), std::int64_t{status.st_mtime},
           status.st_mode & 07777};
  return true;
}
inline bool ask(std::string const& path, facts& found) { return ask(path.c_str(), found); }

/// An open file, or a negative number. O_NONBLOCK: opening a pipe must not wait for a writer before it can be refused.
inline int open_to_read(std::string const& path) {
  return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | large_file);
}
/// A new file, locked for as long as it is open: a file that `remove_abandoned` can lock has no writer. On a file system
/// without locks only that check is lost.
inline int create(std::string const& path) {
  int const file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | large_file, 0666);
  if (file >= 0) static_cast<void>(::flock(file, LOCK_EX | LOCK_NB));
  return file;
}
inline bool close(int file) { return ::close(file) == 0; }

/// Bytes read or written, at most those asked for; negative on an error.
inline std::ptrdiff_t read_some(int file, std::span<std::byte> out) { return ::read(file, out.data(), out.size()); }
inline std::ptrdiff_t write_some(int file, std::span<std::byte const> bytes) {
  return ::write(file, bytes.data(), bytes.size());
}
/// Until the device has the content.
inline bool flush(int file) { return ::fsync(file) == 0; }

/// The new file takes over what the old one's owner allowed.
inline bool keep_permissions(int file, facts const& old) { return ::fchmod(file, old.permissions) == 0; }

inline bool replace(std::string const& from, std::string const& to) { return ::rename(from.c_str(), to.c_str()) == 0; }
inline void remove(std::string const& path) { ::unlink(path.c_str()); }
/// Removes a regular file that nobody writes and that is older than `young` seconds.
inline void remove_abandoned(std::string const& path, std::int64_t young) {
  int const file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | large_file);
  if (file < 0) return;
  facts found;
  bool const old = ask(file, found) && found.regular && std::int64_t{std::time(nullptr)} - found.modified >= young;
  if (old && ::flock(file, LOCK_EX | LOCK_NB) == 0) remove(path);
  ::close(file);
}

inline bool open_folder(std::string const& folder, int& file) {
  file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | large_file);
  return file >= 0;
}
/// Makes a new name itself survive a power loss. File systems that can not flush a folder say EINVAL: no error.
inline bool flush_folder(int file) { return ::fsync(file) == 0 || errno == EINVAL || errno == ENOTSUP; }

/// Where the last folder of a path ends, or npos.
inline std::size_t last_separator(std::string const& path) { return path.rfind('/'); }

}  // namespace io::detail::system_file
S2RM_NAMESPACE_END

#endif
