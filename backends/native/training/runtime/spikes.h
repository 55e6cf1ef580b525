/* Events, at most one an element, as bits while they wait for the way back. */
#ifndef AXONC_SPIKES_H
#define AXONC_SPIKES_H

#include <stddef.h>
#include <stdint.h>

/* Element 8 k + i is bit i of byte k. */
static inline void axonc_pack(unsigned char *restrict to, const uint8_t *restrict from, size_t count)
{
    for (size_t k = 0; 8 * k < count; k++) {
        unsigned bits = 0;
        for (size_t i = 0; i < 8 && 8 * k + i < count; i++) {
            bits |= (unsigned)from[8 * k + i] << i;
        }
        to[k] = (unsigned char)bits;
    }
}

static inline void axonc_unpack(uint8_t *restrict to, const unsigned char *restrict from, size_t count)
{
    for (size_t n = 0; n < count; n++) {
        to[n] = (uint8_t)((from[n / 8] >> (n % 8)) & 1);
    }
}

#endif
