#pragma once
/// \file
/// S2RM_INSTRUCTION_SET: a name for the instructions that this translation unit is compiled for, for how its compiler
/// may treat floating point, and for whether it has exceptions. It is the inline namespace of everything in s2rm (core/config.hpp), so units compiled with
/// other flags share no function: of those with one name the linker keeps any, and a unit for every machine would get the
/// code of one for AVX-512.
///
/// On x86 it is the level of the psABI and one word for each extension beyond it, on Arm the architecture and its
/// extensions, elsewhere the architecture. Left out is what compilers use for intrinsics alone (AES, SHA, AMX). A program
/// that hands types of s2rm from unit to unit defines it, for all of them.

/// Whether the flags allow what IEEE 754 does not, as far as the compiler says so. Clang does not for
/// -fassociative-math, -freciprocal-math and -funsafe-math-optimizations.
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__) || \
    defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__)
#define S2RM_FAST_MATH 1
#else
#define S2RM_FAST_MATH 0
#endif

#if defined(S2RM_INSTRUCTION_SET)
// The program's own name.
#elif defined(__clang__) && defined(__CUDA__)
// The pass for the device sees no extensions of the host, and both must name the same kernels.
#define S2RM_INSTRUCTION_SET cuda
#else

// S2RM_WORD(__AVX__, _avx) is _avx where __AVX__ is 1, and nothing where it is not defined.
#define S2RM_WORD_IF_1 ~,
#define S2RM_WORD_SECOND(first, second, ...) second
#define S2RM_WORD_CHOOSE(probe, word) S2RM_WORD_SECOND(probe word, , )
#define S2RM_WORD_OF(value, word) S2RM_WORD_CHOOSE(S2RM_WORD_IF_##value, word)
#define S2RM_WORD(macro, word) S2RM_WORD_OF(macro, word)
#define S2RM_JOINED(a, b, c, d, e, f, g, h) a##b##c##d##e##f##g##h
#define S2RM_JOIN(a, b, c, d, e, f, g, h) S2RM_JOINED(a, b, c, d, e, f, g, h)

#define S2RM_WORDS_2
#define S2RM_WORDS_3
#define S2RM_WORDS_4
#define S2RM_WORDS_BEYOND
#if defined(__x86_64__) || defined(__i386__)
#if defined(__x86_64__)
#define S2RM_MACHINE x86_64
#elif defined(__SSE2__)
#define S2RM_MACHINE x86_sse2
#else
#define S2RM_MACHINE x86
#endif
#if defined(__SSE3__) && defined(__SSSE3__) && defined(__SSE4_1__) && defined(__SSE4_2__) && defined(__POPCNT__)
#define S2RM_LEVEL_2 1
#endif
#if defined(S2RM_LEVEL_2) && defined(__AVX2__) && defined(__BMI__) && defined(__BMI2__) && defined(__F16C__) && \
    defined(__FMA__) && defined(__LZCNT__) && defined(__MOVBE__)
#define S2RM_LEVEL_3 1
#endif
#if defined(S2RM_LEVEL_3) && defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512CD__) && \
    defined(__AVX512DQ__) && defined(__AVX512VL__)
#define S2RM_LEVEL_4 1
#endif
#undef S2RM_WORDS_2
#undef S2RM_WORDS_3
#undef S2RM_WORDS_4
#undef S2RM_WORDS_BEYOND
#if defined(S2RM_LEVEL_4)
#define S2RM_WORDS_2 _v4
#elif defined(S2RM_LEVEL_3)
#define S2RM_WORDS_2 _v3
#elif defined(S2RM_LEVEL_2)
#define S2RM_WORDS_2 _v2
#else
#define S2RM_WORDS_2                                                                                 \
  S2RM_JOIN(S2RM_WORD(__SSE3__, _sse3), S2RM_WORD(__SSSE3__, _ssse3), S2RM_WORD(__SSE4_1__, _sse41), \
            S2RM_WORD(__SSE4_2__, _sse42), S2RM_WORD(__POPCNT__, _popcnt), , , )
#endif
#if defined(S2RM_LEVEL_3)
#define S2RM_WORDS_3
#else
#define S2RM_WORDS_3                                                                          \
  S2RM_JOIN(S2RM_WORD(__AVX__, _avx), S2RM_WORD(__AVX2__, _avx2), S2RM_WORD(__BMI__, _bmi),   \
            S2RM_WORD(__BMI2__, _bmi2), S2RM_WORD(__F16C__, _f16c), S2RM_WORD(__FMA__, _fma), \
            S2RM_WORD(__LZCNT__, _lzcnt), S2RM_WORD(__MOVBE__, _movbe))
#endif
#if defined(S2RM_LEVEL_4)
#define S2RM_WORDS_4
#else
#define S2RM_WORDS_4                                                                                      \
  S2RM_JOIN(S2RM_WORD(__AVX512F__, _avx512f), S2RM_WORD(__AVX512BW__, _bw), S2RM_WORD(__AVX512CD__, _cd), \
            S2RM_WORD(__AVX512DQ__, _dq), S2RM_WORD(__AVX512VL__, _vl), , , )
#endif
#define S2RM_WORDS_BEYOND                                                                               \
  S2RM_JOIN(S2RM_JOIN(S2RM_WORD(__AVX512VBMI__, _vbmi), S2RM_WORD(__AVX512VBMI2__, _vbmi2),             \
                      S2RM_WORD(__AVX512VNNI__, _vnni), S2RM_WORD(__AVX512BITALG__, _bitalg),           \
                      S2RM_WORD(__AVX512VPOPCNTDQ__, _vpopcnt), S2RM_WORD(__AVX512IFMA__, _ifma),       \
                      S2RM_WORD(__AVX512BF16__, _bf16), S2RM_WORD(__AVX512FP16__, _fp16)),              \
            S2RM_WORD(__AVXVNNI__, _avxvnni), S2RM_WORD(__GFNI__, _gfni), S2RM_WORD(__SSE4A__, _sse4a), \
            S2RM_WORD(__FMA4__, _fma4), S2RM_WORD(__XOP__, _xop), S2RM_WORD(__TBM__, _tbm),             \
            S2RM_WORD(__APX_F__, _apx))
#elif defined(__aarch64__)
#define S2RM_MACHINE aarch64
#undef S2RM_WORDS_BEYOND
#define S2RM_WORDS_BEYOND                                                                                        \
  S2RM_JOIN(S2RM_WORD(__ARM_FEATURE_ATOMICS, _atomics), S2RM_WORD(__ARM_FEATURE_DOTPROD, _dotprod),              \
            S2RM_WORD(__ARM_FEATURE_FP16_VECTOR_ARITHMETIC, _fp16), S2RM_WORD(__ARM_FEATURE_MATMUL_INT8, _i8mm), \
            S2RM_WORD(__ARM_FEATURE_BF16, _bf16), S2RM_WORD(__ARM_FEATURE_SVE, _sve),                            \
            S2RM_WORD(__ARM_FEATURE_SVE2, _sve2), S2RM_WORD(__ARM_FEATURE_RCPC, _rcpc))
#elif defined(__arm__)
#define S2RM_MACHINE arm
#undef S2RM_WORDS_BEYOND
#define S2RM_WORDS_BEYOND                                                                                           \
  S2RM_JOIN(S2RM_WORD(__ARM_NEON, _neon), S2RM_WORD(__ARM_FEATURE_FMA, _fma), S2RM_WORD(__ARM_FEATURE_IDIV, _idiv), \
            S2RM_WORD(__ARM_FEATURE_CRC32, _v8), , , , )
#else
#define S2RM_MACHINE generic
#endif

#if S2RM_FAST_MATH
#define S2RM_WORD_FAST _fast
#else
#define S2RM_WORD_FAST
#endif

#if S2RM_HAS_VECTOR_KERNEL
#define S2RM_WORD_SCALAR
#else
#define S2RM_WORD_SCALAR _scalar
#endif

// An error of a unit without exceptions ends the program: not what a unit that catches may be given.
#if S2RM_EXCEPTIONS
#define S2RM_WORD_ABORTS
#else
#define S2RM_WORD_ABORTS _aborts
#endif

#define S2RM_INSTRUCTION_SET                                                                             \
  S2RM_JOIN(S2RM_MACHINE, S2RM_WORDS_2, S2RM_WORDS_3, S2RM_WORDS_4, S2RM_WORDS_BEYOND, S2RM_WORD_SCALAR, \
            S2RM_WORD_FAST, S2RM_WORD_ABORTS)
#endif
