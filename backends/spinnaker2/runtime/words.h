/* Words of weights: signed bytes and halves of them, and fields of fewer bits. */
#ifndef AXONC_WORDS_H
#define AXONC_WORDS_H

#include "neurons.h"
#include "pairs.h"

/* The bias of weights of some bits, which is the largest of them, and the lowest `bits` bits of every byte. */
#define AXONC_BIAS(bits) ((1u << ((bits)-1u)) - 1u)
#define AXONC_EVERY_BYTE 0x01010101u
#define AXONC_FIELDS(bits) (((1u << (bits)) - 1u) * AXONC_EVERY_BYTE)

/* The weight of one target in a word of fields. */
AXONC_SPECIALISED int32_t axonc_weight_at(uint32_t word, uint32_t target, uint32_t bits)
{
    const uint32_t place = 8u * (target % 4u) + bits * (target / 4u);

    return (int32_t)(word >> place & (AXONC_FIELDS(bits) & 0xFFu)) - (int32_t)AXONC_BIAS(bits);
}

/* The weights of four targets in the low bits of every byte of a word, as four signed bytes. */
AXONC_SPECIALISED uint32_t axonc_weights_of(uint32_t word, uint32_t bits)
{
    const uint32_t fields = word & AXONC_FIELDS(bits);
    const uint32_t bias = AXONC_BIAS(bits) * AXONC_EVERY_BYTE;

#ifdef AXONC_PAIRS
    return (uint32_t)__ssub8((int8x4_t)fields, (int8x4_t)bias);
#else
    return ((fields | 0x80u * AXONC_EVERY_BYTE) - bias) ^ 0x80u * AXONC_EVERY_BYTE;
#endif
}

/* The word at an address that is a word's. */
static inline uint32_t axonc_load_word(const void *at)
{
    uint32_t word;

    __builtin_memcpy(&word, __builtin_assume_aligned(at, sizeof word), sizeof word);
    return word;
}

/* Adds a multiple of the signed byte of a word at bit `at`. Compilers do not find the one instruction that adds it. */
AXONC_SPECIALISED int32_t axonc_add_byte(int32_t sum, uint32_t word, uint32_t at, int32_t value)
{
#ifdef __ARM_FEATURE_DSP
    if (__builtin_constant_p(value) && value == 1 && at > 0) {
        __asm__("sxtab %0, %0, %1, ror %2" : "+r"(sum) : "r"(word), "i"(at));
        return sum;
    }
#endif
    return sum + (int8_t)(word >> at) * value;
}

/* Adds multiples of the four signed bytes of a word. */
AXONC_SPECIALISED void axonc_add_bytes(int32_t *sums, uint32_t word, int32_t value)
{
    sums[0] = axonc_add_byte(sums[0], word, 0, value);
    sums[1] = axonc_add_byte(sums[1], word, 8, value);
    sums[2] = axonc_add_byte(sums[2], word, 16, value);
    sums[3] = axonc_add_byte(sums[3], word, 24, value);
}

/* Adds multiples of the two signed halves of a word. */
AXONC_SPECIALISED void axonc_add_halves(int32_t *sums, uint32_t word, int32_t value)
{
    sums[0] += (int16_t)(word & 0xFFFFu) * value;
    sums[1] += (int16_t)(word >> 16) * value;
}

#endif
