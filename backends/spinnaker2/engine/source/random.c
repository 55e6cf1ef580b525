#include "machine.h"

/* The next value of Marsaglia's xorshift generator; the state is never 0. */
static uint32_t next_random(uint32_t *state)
{
    uint32_t x = *state;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    *state = x;
    return x;
}

/* Exchanges two values of some words. */
static void swap(uint32_t *first, uint32_t *second, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++) {
        const uint32_t word = first[i];

        first[i] = second[i];
        second[i] = word;
    }
}

void shuffle(uint32_t *values, uint32_t count, uint32_t words, uint32_t *state)
{
    for (uint32_t i = count; i > 1; i--) {
        const uint32_t j = (uint32_t)((uint64_t)next_random(state) * i >> 32);

        swap(values + (i - 1) * words, values + j * words, words);
    }
}
