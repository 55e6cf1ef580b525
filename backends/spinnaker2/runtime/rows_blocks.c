/* Rows of blocks: words of four weights of 8 bits, into four accumulators that follow each other. */
#include "rows.h"
#include "words.h"

/* The rows of a projection: the weights of all blocks, and behind them the first accumulators. */
typedef struct {
    const uint16_t *starts;
    const uint32_t *weights;
    const uint8_t *places;
} blocks_t;

/* Those of a projection. */
static inline blocks_t blocks_of(const axonc_core_t *core, const axonc_projection_t *projection)
{
    const uint16_t *starts = axonc_data(core, projection->rows_at);
    const uint32_t *weights = axonc_data(core, projection->synapses_at);

    return (blocks_t){starts, weights, (const uint8_t *)(weights + starts[projection->rows])};
}

/* Adds a multiple of a row; returns how many weights its blocks have. */
AXONC_SPECIALISED uint32_t add_blocks(int32_t *sums, const blocks_t *blocks, uint32_t row, int32_t value)
{
    const uint32_t start = blocks->starts[row];
    const uint32_t end = blocks->starts[row + 1];

#pragma GCC unroll 2
    for (uint32_t b = start; b < end; b++) {
        axonc_add_bytes(sums + blocks->places[b], blocks->weights[b], value);
    }
    return 4 * (end - start);
}

AXONC_ADDS(blocks)
{
    const blocks_t blocks = blocks_of(core, projection);
    uint32_t added = 0;

    for (uint32_t i = 0; i < count; i++) {
        added += add_blocks(sums, &blocks, rows[i], 1);
    }
    return added;
}

AXONC_ADDS_GRADED(blocks)
{
    const blocks_t blocks = blocks_of(core, projection);
    uint32_t added = 0;

    for (uint32_t i = 0; i < events->count; i++) {
        added += add_blocks(sums, &blocks, events->rows[i], events->values[i]);
    }
    return added;
}
