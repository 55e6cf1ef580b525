/* Sending a spike, noted where spikes are recorded: what the neuron kernels call. */
#ifndef AXONC_RECORDING_H
#define AXONC_RECORDING_H

#include "platform.h"

/* Sends the event of a neuron that spiked; `key` is that of the population's first neuron. */
static inline void axonc_spike(axonc_core_t *core, const axonc_population_t *population,
                               uint32_t key, uint32_t neuron)
{
    axonc_platform_send(core, key | neuron);
    if (population->spikes_record_at != 0) {
        axonc_record_spike(core, population, neuron);
    }
}

#endif
