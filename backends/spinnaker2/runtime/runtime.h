/* A core at run time: its memory, one slot of its life, and what a program needs to know. */
#ifndef AXONC_RUNTIME_H
#define AXONC_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>

#include "axonc_schema.h"
#include "port.h"

/* The platform sets the first four members; axonc_core_reset sets the others. */
typedef struct {
    const uint8_t *data;
    uint8_t *work;
    axonc_port_t *port;
    const uint8_t *dram; /* the core's part of it, if it is in the address space */
    const axonc_header_t *header;
    const axonc_population_t *populations;
    const axonc_source_t *sources;
    const axonc_projection_t *projections;
    axonc_status_t *status;
} axonc_core_t;

/* Constant data at a byte offset. */
static inline const void *axonc_data(const axonc_core_t *core, uint32_t at)
{
    return core->data + at;
}

/* Working memory at a byte offset. */
static inline void *axonc_work(const axonc_core_t *core, uint32_t at)
{
    return core->work + at;
}

/* Whether a step of this population falls into the present slot. */
static inline bool axonc_is_due(const axonc_core_t *core, const axonc_population_t *population)
{
    const axonc_clock_t *clock = axonc_work(core, population->clock_at);

    return core->status->slot >= population->start && clock->phase == 0 &&
           clock->step < core->status->steps && clock->sample < core->status->samples;
}

/* The accumulators of a population for the step that is due `ahead` steps from now. */
static inline int32_t *axonc_accumulators(const axonc_core_t *core,
                                          const axonc_population_t *population, uint32_t ahead)
{
    const axonc_clock_t *clock = axonc_work(core, population->clock_at);
    int32_t *ring = axonc_work(core, population->accumulators_at);

    return ring + ((clock->head + ahead) & population->ring_mask) * population->accumulators;
}

/* The key of a population's first neuron, for an event sent in the present slot. */
static inline uint32_t axonc_event_key(const axonc_core_t *core,
                                       const axonc_population_t *population)
{
    return population->key | (core->status->slot & 1) << AXONC_PARITY_BIT;
}

/* Whether all neurons of a population have the parameters of the first. */
static inline bool axonc_is_uniform(const axonc_population_t *population)
{
    return population->synapse_stride == 0 && population->membrane_stride == 0;
}

/* Checks the data, clears what a run changes (not what the host wrote) and sets the clocks to slot 0. */
void axonc_core_reset(axonc_core_t *core);

/* Runs one slot: takes the events of the slot before, runs the program, advances the clocks. */
void axonc_core_tick(axonc_core_t *core);

/* Takes the events that were sent in the slot before the present one. In events.c. */
void axonc_receive(axonc_core_t *core);

/* Sends the listed input events of the present slot. In events.c. */
void axonc_send_listed(axonc_core_t *core);

/* Sets the clock of every population to where it stands at slot 0. In clock.c. */
void axonc_reset_clocks(axonc_core_t *core);

/* Clears what does not outlive the sample, or the segment, that a population ends before this slot. In clock.c. */
void axonc_begin_samples(axonc_core_t *core);

/*
 * Adds what neurons summed in other lanes, shifted, to what they summed in the first, for the step that is due, and
 * clears those; nothing where sums are not shifted. In clock.c.
 */
void axonc_join_lanes(const axonc_core_t *core, const axonc_population_t *population);

/* Ends the steps of this slot and moves every clock on. In clock.c. */
void axonc_advance_clocks(axonc_core_t *core);

/* Notes that a neuron spiked in the present step of its population. In recording.c. */
void axonc_record_spike(axonc_core_t *core, const axonc_population_t *population, uint32_t neuron);

/* Copies the states after the present step into their recording buffers. In recording.c. */
void axonc_record_states(axonc_core_t *core, const axonc_population_t *population);

/* One slot of everything that this kind of core holds, in order. Generated. */
void axonc_program(axonc_core_t *core);

#endif
