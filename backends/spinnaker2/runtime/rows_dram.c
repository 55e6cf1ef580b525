/* Rows of weights of 8 bits in the chip's DRAM: each is fetched into the core's buffer, then added. */
#include "platform.h"
#include "rows.h"

/* What is fetched begins and ends at multiples of this, as the hardware asks. */
#define ALIGN 16u

/* Fetches some bytes, at least one, and returns where they are. */
static const void *fetch(const axonc_core_t *core, uint32_t from, uint32_t bytes)
{
    uint8_t *buffer = axonc_work(core, core->header->fetch_at);
    const uint32_t before = from % ALIGN;
    const uint32_t fetched = (before + bytes + ALIGN - 1) / ALIGN * ALIGN;

    axonc_platform_fetch(core, buffer, from - before, fetched);
    core->status->fetches++;
    core->status->fetched += fetched;
    return buffer + before;
}

/* Fetches a dense row and adds a multiple of it; returns how many weights it has. */
static uint32_t add_dense(const axonc_core_t *core, const axonc_projection_t *projection,
                          int32_t *restrict sums, uint32_t row, int32_t value)
{
    const uint32_t targets = projection->targets;
    const int8_t *weights = fetch(core, projection->rows_at + row * targets, targets);

#pragma GCC unroll 4
    for (uint32_t t = 0; t < targets; t++) {
        sums[t] += weights[t] * value;
    }
    return targets;
}

/* Fetches a sparse row, if it is not empty, and adds a multiple of it; returns how many synapses it has. */
static uint32_t add_sparse(const axonc_core_t *core, const axonc_projection_t *projection,
                           int32_t *restrict sums, uint32_t row, int32_t value)
{
    const uint16_t *starts = axonc_data(core, projection->rows_at);
    const uint32_t size = sizeof(axonc_synapse_t);
    const uint32_t count = (uint32_t)starts[row + 1] - starts[row];
    const axonc_synapse_t *synapses;

    if (count == 0) {
        return 0;
    }
    synapses = fetch(core, projection->synapses_at + starts[row] * size, count * size);
#pragma GCC unroll 4
    for (uint32_t k = 0; k < count; k++) {
        sums[synapses[k].target] += synapses[k].weight * value;
    }
    return count;
}

AXONC_ADDS(dram_dense)
{
    uint32_t added = 0;

    for (uint32_t i = 0; i < count; i++) {
        added += add_dense(core, projection, sums, rows[i], 1);
    }
    return added;
}

AXONC_ADDS_GRADED(dram_dense)
{
    uint32_t added = 0;

    for (uint32_t i = 0; i < events->count; i++) {
        added += add_dense(core, projection, sums, events->rows[i], events->values[i]);
    }
    return added;
}

AXONC_ADDS(dram_sparse)
{
    uint32_t added = 0;

    for (uint32_t i = 0; i < count; i++) {
        added += add_sparse(core, projection, sums, rows[i], 1);
    }
    return added;
}

AXONC_ADDS_GRADED(dram_sparse)
{
    uint32_t added = 0;

    for (uint32_t i = 0; i < events->count; i++) {
        added += add_sparse(core, projection, sums, events->rows[i], events->values[i]);
    }
    return added;
}
