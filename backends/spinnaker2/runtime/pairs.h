/* Pairs of products: what a core multiplies and adds two at a time. */
#ifndef AXONC_PAIRS_H
#define AXONC_PAIRS_H

#ifdef __ARM_FEATURE_SIMD32
#define AXONC_PAIRS

#include <arm_acle.h>
#include <stdint.h>

/* Two values in the halves of a word. */
static inline int16x2_t axonc_pair(int32_t low, int32_t high)
{
    return (int16x2_t)(((uint32_t)low & 0xFFFFu) | (uint32_t)high << 16);
}

/* The lower, and the upper, halves of two words. */
static inline int16x2_t axonc_low_halves(int16x2_t first, int16x2_t second)
{
    return (int16x2_t)(((uint32_t)first & 0xFFFFu) | (uint32_t)second << 16);
}

static inline int16x2_t axonc_high_halves(int16x2_t first, int16x2_t second)
{
    return (int16x2_t)((uint32_t)first >> 16 | ((uint32_t)second & 0xFFFF0000u));
}

/* Adds multiples of four weights of two rows. */
static inline void axonc_add_words(int32_t *sums, int8x4_t first, int8x4_t second, int16x2_t values)
{
    const int16x2_t even = __sxtb16(first);
    const int16x2_t odd = __sxtb16((int8x4_t)__ror((uint32_t)first, 8));
    const int16x2_t second_even = __sxtb16(second);
    const int16x2_t second_odd = __sxtb16((int8x4_t)__ror((uint32_t)second, 8));

    sums[0] = __smlad(axonc_low_halves(even, second_even), values, sums[0]);
    sums[1] = __smlad(axonc_low_halves(odd, second_odd), values, sums[1]);
    sums[2] = __smlad(axonc_high_halves(even, second_even), values, sums[2]);
    sums[3] = __smlad(axonc_high_halves(odd, second_odd), values, sums[3]);
}

#endif

#endif
