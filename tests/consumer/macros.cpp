// The library behind the macros of other people's headers. Theirs come after the standard library, Eigen, xtensor and
// RapidJSON, which they would break as well, and before ours.
#include <Eigen/Core>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <future>
#include <iomanip>
#include <iostream>
#include <locale>
#include <map>
#include <random>
#include <ranges>
#include <regex>
#include <set>
#include <shared_mutex>
#include <sstream>
#include <thread>
#include <unordered_map>
#include <variant>
#if __has_include(<xtensor/containers/xtensor.hpp>)  // from 0.26
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xtensor.hpp>
#include <xtensor/io/xnpy.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xnpy.hpp>
#include <xtensor/xtensor.hpp>
#endif
#if __has_include(<unistd.h>)
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#endif
#if defined(__SSE2__)
#include <immintrin.h>
#endif
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#if defined(S2RM_WITH_MPI)
#include <mpi.h>
#endif

// NOLINTBEGIN
// Qt
#define slots
#define signals public
#define emit
#define foreach(a, b) for (auto a : b)
#define forever for (;;)
// Unreal, macOS's AssertMacros.h
#define check(x)                \
  do {                          \
    if (!(x)) __builtin_trap(); \
  } while (0)
#define verify(x)               \
  do {                          \
    if (!(x)) __builtin_trap(); \
  } while (0)
#define ensure(x) (!!(x))
#define require(x, label) \
  do {                    \
    if (!(x)) goto label; \
  } while (0)
#define TEXT(x) L##x
#define PI (3.1415926535897932f)
#define INDEX_NONE (-1)
// windows.h and what it includes
#define near
#define far
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define small char
#define hyper __int64
#define interface struct
#define pascal
#define cdecl
#define IN
#define OUT
#define OPTIONAL
#define CONST const
#define VOID void
#define TRUE 1
#define FALSE 0
#define ERROR 0
#define DELETE (0x00010000L)
#define STRICT 1
#define ABSOLUTE 1
#define RELATIVE 2
#define OPAQUE 2
#define TRANSPARENT 1
#define DIFFERENCE 11
#define IGNORE 0
#define INFINITE 0xFFFFFFFF
#define CALLBACK
#define THIS
#define PURE = 0
#define DOMAIN 1
#define OVERFLOW 3
#define UNDERFLOW 4
#define GetObject GetObjectA
#define CreateFile CreateFileA
#define DeleteFile DeleteFileA
#define LoadImage LoadImageA
#define SendMessage SendMessageA
#define Yield()
// complex.h
#define I (__extension__ 1.0iF)
// sys/sysmacros.h, and what gnu++ predefines
#define major(x) (x)
#define minor(x) (x)
#undef linux
#define linux 1
#undef unix
#define unix 1
// X11
#define Bool int
#define None 0L
#define Status int
#define True 1
#define False 0
#define Success 0
#define Always 2
#define Above 0
#define Below 1
#define Complex 0
#define Convex 2
#define Unsorted 0
#define Expose 12
#define KeyPress 2
#define FocusIn 9
#define CursorShape 0
// Arduino
#define F(x) (x)
#define round(x) ((x) >= 0 ? (long)((x) + 0.5) : (long)((x) - 0.5))
#define abs(x) ((x) > 0 ? (x) : -(x))
#define sq(x) ((x) * (x))
#define constrain(a, low, high) ((a) < (low) ? (low) : ((a) > (high) ? (high) : (a)))
#define radians(x) ((x) * 0.017453292519943295)
#define degrees(x) ((x) * 57.29577951308232)
#define bit(x) (1UL << (x))
#define lowByte(x) ((uint8_t)((x) & 0xff))
#define HIGH 0x1
#define LOW 0x0
#define INPUT 0x0
#define OUTPUT 0x1
#define DEFAULT 1
#define CHANGE 1
#define B0 0
#define B1 1
#define B10 2
#define DEC 10
#define HEX 16
#define OCT 8
#define BIN 2
// what build systems and loggers define
#define DEBUG 1
#define VERSION "1.0"
#define PACKAGE "theirs"
#define LOG(x) std::cerr
#define CHECK(x) check(x)
#define ASSERT(x) check(x)
#define TRACE(x)
#define STATUS 0
// NOLINTEND

#include "whole_library.hpp"
