/* Kernels of convolutions with weights of 4 and of 2 bits, in words as dense rows have them (rows_packed.c). */
#include "kernel.h"
#include "words.h"

/* Adds multiples of weights one by one: those of a word from `first` on. */
AXONC_SPECIALISED void add_some(int32_t *restrict sums, uint32_t word, uint32_t first, uint32_t count,
                                int32_t value, uint32_t bits)
{
#pragma GCC unroll 1
    for (uint32_t i = 0; i < count; i++) {
        sums[i] += axonc_weight_at(word, first + i, bits) * value;
    }
}

/* Adds multiples of weights: of a word that the run begins within, of full words, of one that it ends within. */
AXONC_SPECIALISED void add_run(int32_t *restrict sums, const void *kernel, uint32_t first, uint32_t count,
                               int32_t value, uint32_t bits)
{
    const uint32_t each = 32u / bits;
    const uint32_t *word = (const uint32_t *)kernel + first / each;

    if (first % each > 0) {
        const uint32_t left = each - first % each;
        const uint32_t some = count < left ? count : left;

        add_some(sums, *word, first % each, some, value, bits);
        sums += some;
        count -= some;
        word++;
    }
#pragma GCC unroll 1
    for (; count >= each; count -= each) {
#pragma GCC unroll 4
        for (uint32_t shift = 0; shift < 8u; shift += bits) {
            axonc_add_bytes(sums, axonc_weights_of(*word >> shift, bits), value);
            sums += 4;
        }
        word++;
    }
    if (count > 0) {
        add_some(sums, *word, 0, count, value, bits);
    }
}

/* A run of weights of 4 bits, and one of weights of 2. */
AXONC_SPECIALISED void add_run4(int32_t *restrict sums, const void *kernel, uint32_t first, uint32_t count,
                                int32_t value)
{
    add_run(sums, kernel, first, count, value, 4);
}

AXONC_SPECIALISED void add_run2(int32_t *restrict sums, const void *kernel, uint32_t first, uint32_t count,
                                int32_t value)
{
    add_run(sums, kernel, first, count, value, 2);
}

AXONC_ADD_LINES(add_spikes4)
{
    axonc_add_lines(sums, first, count, lines, true, add_run4);
}

AXONC_ADDS(kernel4)
{
    return axonc_add_spikes(core, projection, sums, rows, count, add_spikes4);
}

AXONC_ADD_LINES(add_values4)
{
    axonc_add_lines(sums, first, count, lines, false, add_run4);
}

AXONC_ADDS_GRADED(kernel4)
{
    return axonc_add_values(core, projection, sums, events, add_values4);
}

AXONC_ADD_LINES(add_spikes2)
{
    axonc_add_lines(sums, first, count, lines, true, add_run2);
}

AXONC_ADDS(kernel2)
{
    return axonc_add_spikes(core, projection, sums, rows, count, add_spikes2);
}

AXONC_ADD_LINES(add_values2)
{
    axonc_add_lines(sums, first, count, lines, false, add_run2);
}

AXONC_ADDS_GRADED(kernel2)
{
    return axonc_add_values(core, projection, sums, events, add_values2);
}
