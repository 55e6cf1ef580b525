/* Kernels of convolutions with weights of 8 bits. */
#include "kernel.h"
#include "words.h"

/* Adds weights to accumulators; by words where they begin with one and the core has no vectors. */
AXONC_SPECIALISED void add_run(int32_t *restrict sums, const void *kernel, uint32_t first, uint32_t count,
                               int32_t value)
{
    const int8_t *weights = (const int8_t *)kernel + first;

    if (!AXONC_VECTORS && first % sizeof(uint32_t) == 0) {
        const int8_t *end = weights + count / 8 * 8;

#pragma GCC unroll 1
        while (weights < end) {
            const uint32_t low = axonc_load_word(weights);
            const uint32_t high = axonc_load_word(weights + 4);

            axonc_add_bytes(sums, low, value);
            axonc_add_bytes(sums + 4, high, value);
            sums += 8;
            weights += 8;
        }
        count %= 8;
    }
#if !AXONC_VECTORS
#pragma GCC unroll 1
#endif
    for (; count > 0; count--) {
        *sums += *weights * value;
        sums++;
        weights++;
    }
}

AXONC_ADD_LINES(add_spikes)
{
    axonc_add_lines(sums, first, count, lines, true, add_run);
}

AXONC_ADDS(kernel)
{
    return axonc_add_spikes(core, projection, sums, rows, count, add_spikes);
}

AXONC_ADD_LINES(add_values)
{
    axonc_add_lines(sums, first, count, lines, false, add_run);
}

AXONC_ADDS_GRADED(kernel)
{
    return axonc_add_values(core, projection, sums, events, add_values);
}
