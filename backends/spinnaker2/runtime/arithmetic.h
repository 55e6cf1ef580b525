/* The integer arithmetic: one meaning, shared with the compiler's reference interpreter. */
#ifndef AXONC_ARITHMETIC_H
#define AXONC_ARITHMETIC_H

#include <stdbool.h>
#include <stdint.h>

#include "axonc_tables.h"

/* Fractional bits of a decay factor: 1.0 is 1 << 30. */
#define AXONC_DECAY_BITS 30

/* The smallest shift that axonc_requantize_narrow takes. */
#define AXONC_NARROW_SHIFT 3u

/* Shifts from here on need nothing but the upper word of a product. */
#define AXONC_WORD_SHIFT 33u

/* x / 2^shift, rounded down. C leaves right shifts of negatives open: shift the complement. */
static inline int64_t axonc_shift_right(int64_t x, uint32_t shift)
{
    return x >= 0 ? x >> shift : ~(~x >> shift);
}

/* The same for 32 bits. */
static inline int32_t axonc_shift_word(int32_t x, uint32_t shift)
{
    return x >= 0 ? x >> shift : ~(~x >> shift);
}

/* x / 2^shift, rounded down, where that is a word and 0 < shift < 32. */
static inline int32_t axonc_shift_to_word(int64_t x, uint32_t shift)
{
    const uint64_t bits = (uint64_t)x;

    return (int32_t)((uint32_t)(bits >> 32) << (32 - shift) | (uint32_t)bits >> shift);
}

/* x * factor / 2^30, rounded toward zero. Exact for |x| <= 2^32 and 0 <= factor <= 2^30. */
static inline int64_t axonc_decay(int64_t x, int64_t factor)
{
    return x * factor / (INT64_C(1) << AXONC_DECAY_BITS);
}

/* floor(x * multiplier / 2^shift + 1/2). Exact for |x|, |multiplier| < 2^31 and shift <= 62. */
static inline int64_t axonc_requantize(int64_t x, int64_t multiplier, uint32_t shift)
{
    const int64_t half = (INT64_C(1) << shift) >> 1;

    return axonc_shift_right(x * multiplier + half, shift);
}

/* x clipped to [-limit, limit]. */
static inline int64_t axonc_saturate(int64_t x, int64_t limit)
{
    if (x > limit) {
        return limit;
    }
    return x < -limit ? -limit : x;
}

/* axonc_decay for a word: the result is a word, too. */
static inline int32_t axonc_decay_narrow(int32_t x, int32_t factor)
{
    return (int32_t)((int64_t)x * factor / (INT64_C(1) << AXONC_DECAY_BITS));
}

/* axonc_requantize for shifts from AXONC_WORD_SHIFT on, which is where the upper word of the product does. */
static inline int32_t axonc_requantize_word(int32_t x, int32_t multiplier, uint32_t shift)
{
    const int32_t upper = (int32_t)axonc_shift_right((int64_t)x * multiplier, 32);

    return axonc_shift_word(axonc_shift_word(upper, shift - AXONC_WORD_SHIFT) + 1, 1);
}

/*
 * axonc_requantize in words, for shifts from AXONC_NARROW_SHIFT on; false if a word does not do.
 *
 * A small shift becomes AXONC_WORD_SHIFT by a power of two in x. Then floor(x m / 2^shift + 1/2) is
 * the upper word of the product, shifted right by the rest but one bit, rounded up, and halved.
 */
static inline bool axonc_requantize_narrow(int32_t x, int32_t multiplier, uint32_t shift,
                                           int32_t *result)
{
    const uint32_t up = shift < AXONC_WORD_SHIFT ? AXONC_WORD_SHIFT - shift : 0;
    int32_t scaled;

    if (__builtin_mul_overflow(x, INT32_C(1) << up, &scaled)) {
        return false;
    }
    *result = axonc_requantize_word(scaled, multiplier, shift + up);
    return true;
}

/* A table at x in Q3.12, between its entries, which rise. Exact for -2^15 <= x < 2^15. */
static inline int32_t axonc_interpolate(const int16_t *table, int32_t x)
{
    const uint32_t at = (uint32_t)(x + (1 << 15));
    const int16_t *place = table + (at >> 7);
    const uint32_t step = (uint32_t)(place[1] - place[0]);

    return place[0] + (int32_t)((step * (at & 127u) + 64u) >> 7);
}

/* 1 / (1 + exp(-x)), Q3.12 in, Q0.15 out. */
static inline int32_t axonc_sigmoid(int32_t x)
{
    return axonc_interpolate(axonc_sigmoid_table, x);
}

/* tanh(x), Q3.12 in, Q0.15 out. */
static inline int32_t axonc_tanh(int32_t x)
{
    return axonc_interpolate(axonc_tanh_table, x);
}

#endif
