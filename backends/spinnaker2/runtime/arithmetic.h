/* The integer arithmetic: one meaning, shared with the compiler's reference interpreter. */
#ifndef AXONC_ARITHMETIC_H
#define AXONC_ARITHMETIC_H

#include <stdint.h>

/* Fractional bits of a decay factor: 1.0 is 1 << 30. */
#define AXONC_DECAY_BITS 30

/* x * factor / 2^30, rounded toward zero. Exact for |x| <= 2^32 and 0 <= factor <= 2^30. */
static inline int64_t axonc_decay(int64_t x, int64_t factor)
{
    return x * factor / (INT64_C(1) << AXONC_DECAY_BITS);
}

/* floor(x * multiplier / 2^shift + 1/2). Exact for |x|, |multiplier| < 2^31 and shift <= 62. */
static inline int64_t axonc_requantize(int64_t x, int64_t multiplier, uint32_t shift)
{
    const int64_t half = (INT64_C(1) << shift) >> 1;
    const int64_t sum = x * multiplier + half;

    /* C leaves the right shift of a negative number open: shift its complement. */
    return sum >= 0 ? sum >> shift : ~(~sum >> shift);
}

/* x clipped to [-limit, limit]. */
static inline int64_t axonc_saturate(int64_t x, int64_t limit)
{
    if (x > limit) {
        return limit;
    }
    return x < -limit ? -limit : x;
}

#endif
