/* What the files that take events share. */
#ifndef AXONC_EVENTS_H
#define AXONC_EVENTS_H

#include "neurons.h"
#include "runtime.h"

/* Rows whose sum a core keeps in a register. */
#define AXONC_FEW 4u

/* Events of one key block that are taken together. */
#define AXONC_BATCH (AXONC_VECTORS ? 32u : AXONC_FEW)

/* Graded events of one key block that are taken together: their rows, and by what to multiply these. */
typedef struct {
    uint32_t count;
    uint32_t rows[AXONC_BATCH];
    int32_t values[AXONC_BATCH];
} axonc_events_t;

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

#if AXONC_VECTORS
/* Adds rows of a sparse16 projection, or multiples of them; returns how many synapses they have. In events_host.c. */
uint32_t axonc_add_sparse16(const axonc_core_t *core, const axonc_projection_t *projection,
                            int32_t *sums, const uint32_t *rows, uint32_t count);
uint32_t axonc_add_sparse16_graded(const axonc_core_t *core, const axonc_projection_t *projection,
                                   int32_t *sums, const axonc_events_t *events);

/* Adds multiples of the first dense rows, as many as suit vectors; returns how many. In dense_host.c. */
uint32_t axonc_add_dense_graded(int32_t *sums, const int8_t *weights, const axonc_events_t *events,
                                uint32_t targets);
#endif

#endif
