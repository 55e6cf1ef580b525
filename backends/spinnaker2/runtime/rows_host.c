/* Rows in the formats of a host: long, for a processor that does much at a time. */
#include "rows.h"

/* Bytes of a line of a cache. */
#define LINE 64u

/* The synapses of a projection: row by row, targets and weights apart. */
typedef struct {
    const uint32_t *starts;
    const uint16_t *targets;
    const int8_t *weights;
} synapses_t;

/* The synapses of a sparse16 projection. */
static synapses_t synapses_of(const axonc_core_t *core, const axonc_projection_t *projection)
{
    const uint32_t *starts = axonc_data(core, projection->rows_at);
    const uint16_t *targets = axonc_data(core, projection->synapses_at);

    return (synapses_t){starts, targets, (const void *)(targets + starts[projection->rows])};
}

/* Asks for a row before it is needed: which rows come is known, but not to the processor. */
static void fetch(const synapses_t *synapses, uint32_t row)
{
    const uint32_t start = synapses->starts[row];
    const uint32_t stop = synapses->starts[row + 1];

    for (uint32_t k = start; k < stop; k += LINE / sizeof(uint16_t)) {
        __builtin_prefetch(synapses->targets + k);
    }
    for (uint32_t k = start; k < stop; k += LINE) {
        __builtin_prefetch(synapses->weights + k);
    }
}

/* Adds a row. */
static uint32_t add_row(int32_t *restrict sums, const synapses_t *synapses, uint32_t row)
{
    const uint32_t start = synapses->starts[row];
    const uint32_t count = synapses->starts[row + 1] - start;
    const uint16_t *restrict targets = synapses->targets + start;
    const int8_t *restrict weights = synapses->weights + start;

#pragma GCC unroll 8
    for (uint32_t k = 0; k < count; k++) {
        sums[targets[k]] += weights[k];
    }
    return count;
}

/* Adds a multiple of a row. */
static uint32_t add_multiple(int32_t *restrict sums, const synapses_t *synapses, uint32_t row,
                             int32_t value)
{
    const uint32_t start = synapses->starts[row];
    const uint32_t count = synapses->starts[row + 1] - start;
    const uint16_t *restrict targets = synapses->targets + start;
    const int8_t *restrict weights = synapses->weights + start;

#pragma GCC unroll 8
    for (uint32_t k = 0; k < count; k++) {
        sums[targets[k]] += weights[k] * value;
    }
    return count;
}

AXONC_ADDS(sparse16)
{
    const synapses_t synapses = synapses_of(core, projection);
    uint32_t added = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (i + 1 < count) {
            fetch(&synapses, rows[i + 1]);
        }
        added += add_row(sums, &synapses, rows[i]);
    }
    return added;
}

AXONC_ADDS_GRADED(sparse16)
{
    const synapses_t synapses = synapses_of(core, projection);
    uint32_t added = 0;

    for (uint32_t i = 0; i < events->count; i++) {
        if (i + 1 < events->count) {
            fetch(&synapses, events->rows[i + 1]);
        }
        added += add_multiple(sums, &synapses, events->rows[i], events->values[i]);
    }
    return added;
}
