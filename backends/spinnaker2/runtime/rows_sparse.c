/* Sparse rows of weights of 8 bits. */
#include "rows.h"

/* Adds a sparse row of weights to the accumulators of its targets. */
static void add_row(int32_t *restrict sums, const axonc_synapse_t *restrict synapse, uint32_t count)
{
    for (uint32_t k = 0; k < count; k++) {
        sums[synapse[k].target] += synapse[k].weight;
    }
}

AXONC_ADDS(sparse)
{
    const uint16_t *starts = axonc_data(core, projection->rows_at);
    const axonc_synapse_t *synapses = axonc_data(core, projection->synapses_at);
    uint32_t added = 0;

    for (uint32_t i = 0; i < count; i++) {
        const uint32_t start = starts[rows[i]];
        const uint32_t synapse_count = starts[rows[i] + 1] - start;

        add_row(sums, synapses + start, synapse_count);
        added += synapse_count;
    }
    return added;
}

/* Adds a multiple of a sparse row of weights to the accumulators of its targets. */
static void add_multiple(int32_t *restrict sums, const axonc_synapse_t *restrict synapse,
                         uint32_t count, int32_t value)
{
#pragma GCC unroll 4
    for (uint32_t k = 0; k < count; k++) {
        sums[synapse[k].target] += synapse[k].weight * value;
    }
}

AXONC_ADDS_GRADED(sparse)
{
    const uint16_t *starts = axonc_data(core, projection->rows_at);
    const axonc_synapse_t *synapses = axonc_data(core, projection->synapses_at);
    uint32_t added = 0;

    for (uint32_t i = 0; i < events->count; i++) {
        const uint32_t start = starts[events->rows[i]];
        const uint32_t count = starts[events->rows[i] + 1] - start;

        add_multiple(sums, synapses + start, count, events->values[i]);
        added += count;
    }
    return added;
}
