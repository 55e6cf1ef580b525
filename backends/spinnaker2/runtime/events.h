/* What the files that take events share. */
#ifndef AXONC_EVENTS_H
#define AXONC_EVENTS_H

#include "rows.h"

/* The neuron of a key within its block. */
static inline uint32_t axonc_row_of(const axonc_core_t *core, uint32_t key)
{
    return key & ((UINT32_C(1) << core->header->local_bits) - 1);
}

/* The key block of a key, counted from the first that this core listens to. */
static inline uint32_t axonc_block_of(const axonc_core_t *core, uint32_t key)
{
    const uint32_t neuron = key & ~(UINT32_C(1) << AXONC_PARITY_BIT);

    return (neuron >> core->header->local_bits) - core->header->first_block;
}

/* The accumulators of a projection's window in which events act. */
static inline int32_t *axonc_window(const axonc_core_t *core, const axonc_projection_t *projection)
{
    const axonc_population_t *population = &core->populations[projection->population];

    return axonc_accumulators(core, population, projection->ring_offset) + projection->first_target;
}

/* Gives spikes of one key block, at most AXONC_BATCH, to every projection that listens. In events.c. */
void axonc_take_spikes(axonc_core_t *core, uint32_t block, const uint32_t *keys, uint32_t count);

/* Takes packets with payloads. In events_graded.c. */
void axonc_take_packets(axonc_core_t *core, const uint32_t *packets, uint32_t count);

#endif
