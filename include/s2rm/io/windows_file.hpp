#pragma once
/// \file
/// The system's files on Windows, with the functions of io/posix_file.hpp. Paths are UTF-8 in every program, whatever its
/// code page is. `windows.h` is not included: the few functions needed from it are declared here, so that its macros (min,
/// near, ...) stay out of programs that include this library.

#include "s2rm/core/config.hpp"

#if defined(_WIN32)

#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <share.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <span>
#include <string>
#include <system_error>

extern "C" {
__declspec(dllimport) int __stdcall MoveFileExW(wchar_t const*, wchar_t const*, unsigned long);
__declspec(dllimport) int __stdcall MultiByteToWideChar(unsigned, unsigned long, char const*, int, wchar_t*, int);
__declspec(dllimport) unsigned long __stdcall GetLastError();
__declspec(dllimport) void __stdcall Sleep(unsigned long);
}

S2RM_NAMESPACE_BEGIN
namespace io::detail::system_file {

inline std::error_code last_error() { return {errno, std::generic_category()}; }
inline bool interrupted() { return errno == EINTR; }
inline bool name_taken() { return errno == EEXIST; }

inline std::uint64_t process_number() { return static_cast<std::uint64_t>(::_getpid()); }

/// The path as the system takes it; empty, and errno EILSEQ, where it is not UTF-8.
inline std::wstring wide(std::string const& path) {
  constexpr unsigned utf8 = 65001;
  constexpr unsigned long refuse_invalid = 8;
  int const length = static_cast<int>(path.size());
  int const units = ::MultiByteToWideChar(utf8, refuse_invalid, path.data(), length, nullptr, 0);
  std::wstring text(static_cast<std::size_t>(units), L'\0');
  ::MultiByteToWideChar(utf8, refuse_invalid, path.data(), length, text.data(), units);
  if (units == 0) errno = EILSEQ;
  return text;
}

/// What is known of a file.
struct facts {
  bool regular = false;
  std::uint64_t size = 0;
  std::int64_t modified = 0;  ///< seconds since the epoch
};

inline bool facts_of(int failed, struct ::_stat64 const& status, facts& found) {
  if (failed != 0) return false;
  found = {(status.st_mode & _S_IFMT) == _S_IFREG, static_cast<std::uint64_t>(status.st_size),
           std::int64_t{status.st_mtime}};
  return true;
}
inline bool ask(int file, facts& found) {
  struct ::_stat64 status{};
  return facts_of(::_fstat64(file, &status), status, found);
}
inline bool ask(std::string const& path, facts& found) {
  struct ::_stat64 status{};
  auto const name = wide(path);
  return !name.empty() && facts_of(::_wstat64(name.c_str(), &status), status, found);
}

/// An open file, or a negative number.
inline int open_wide(std::string const& path, int how, int sharing) {
  auto const name = wide(path);
  int file = -1;
  if (!name.empty()) ::_wsopen_s(&file, name.c_str(), how | _O_BINARY | _O_NOINHERIT, sharing, _S_IREAD | _S_IWRITE);
  return file;
}
inline int open_to_read(std::string const& path) { return open_wide(path, _O_RDONLY | _O_SEQUENTIAL, _SH_DENYNO); }
/// A new file. While it is open nobody can remove it.
inline int create(std::string const& path) { return open_wide(path, _O_WRONLY | _O_CREAT | _O_EXCL, _SH_DENYWR); }
inline bool close(int file) { return ::_close(file) == 0; }

/// Bytes read or written, at most those asked for; negative on an error.
inline std::ptrdiff_t read_some(int file, std::span<std::byte> out) {
  constexpr std::size_t most = std::size_t{1} << 30;  // the calls count in int
  return ::_read(file, out.data(), static_cast<unsigned>((std::min)(out.size(), most)));
}
inline std::ptrdiff_t write_some(int file, std::span<std::byte const> bytes) {
  constexpr std::size_t most = std::size_t{1} << 30;
  return ::_write(file, bytes.data(), static_cast<unsigned>((std::min)(bytes.size(), most)));
}
/// Until the device has the content.
inline bool flush(int file) { return ::_commit(file) == 0; }

/// A new file has the permissions that its folder hands down.
inline bool keep_permissions(int /*file*/, facts const& /*old*/) { return true; }

/// A virus scanner, an indexer or a reader may hold the old file for a moment, which this system does not allow while it
/// is replaced.
inline bool replace(std::string const& from, std::string const& to) {
  constexpr unsigned long over_existing = 1, until_on_disk = 8, denied = 5, in_use = 32;
  auto const source = wide(from), target = wide(to);
  for (unsigned long pause = 1;; pause *= 2) {
    if (::MoveFileExW(source.c_str(), target.c_str(), over_existing | until_on_disk) != 0) return true;
    auto const code = ::GetLastError();
    if ((code == denied || code == in_use) && pause < 1000) {
      ::Sleep(pause);
      continue;
    }
    errno = code == denied || code == in_use ? EACCES : EIO;
    return false;
  }
}
inline void remove(std::string const& path) { ::_wunlink(wide(path).c_str()); }
/// Removes a regular file that nobody has open and that is older than `young` seconds.
inline void remove_abandoned(std::string const& path, std::int64_t young) {
  facts found;
  if (!ask(path, found) || !found.regular || std::int64_t{std::time(nullptr)} - found.modified < young) return;
  remove(path);
}

/// Names are in the file system's journal once `replace` has returned.
inline bool open_folder(std::string const& /*folder*/, int& file) {
  file = -1;
  return true;
}
inline bool flush_folder(int /*file*/) { return true; }

/// Where the last folder of a path ends, or npos.
inline std::size_t last_separator(std::string const& path) { return path.find_last_of("/\\:"); }

}  // namespace io::detail::system_file
S2RM_NAMESPACE_END

#endif
