/* What the kernels of neurons in float32 share. */
#ifndef AXONC_NEURONS_FLOAT_H
#define AXONC_NEURONS_FLOAT_H

#include "neurons.h"
#include "recording.h"

/* A population while its neurons are updated. */
typedef struct {
    axonc_core_t *core;
    const axonc_population_t *population;
    uint32_t key;
} axonc_float_group_t;

/* Sends a spike; returns the voltage after it. */
AXONC_RARE float axonc_float_spike(const axonc_float_group_t *group, uint32_t neuron, float voltage,
                                   float reset)
{
    axonc_spike(group->core, group->population, group->key, neuron);
    switch (group->population->reset) {
    case AXONC_RESET_VALUE:
        return reset;
    case AXONC_RESET_SUBTRACT:
    case AXONC_RESET_SUBTRACT_GUARDED:
        return voltage - reset;
    default:
        return voltage;
    }
}

/* The voltage after the test of a neuron that is above threshold, or was before. */
AXONC_RARE float axonc_float_fire(const axonc_float_group_t *group, const axonc_membrane_float_t *m,
                                  uint32_t neuron, float old, float voltage)
{
    const uint32_t reset = group->population->reset;
    float tested = voltage;

    if (old > m->threshold && axonc_is_pending(reset)) {
        tested -= m->reset;
    }
    if (reset == AXONC_RESET_SUBTRACT_NEXT) {
        voltage = tested;
    }
    for (uint32_t left = group->population->spikes; left > 0 && tested > m->threshold; left--) {
        voltage = axonc_float_spike(group, neuron, voltage, m->reset);
        tested = voltage;
    }
    return voltage;
}

/* The next synaptic current. */
AXONC_SPECIALISED float axonc_next_current(axonc_synapse_float_t s, float current, float sum)
{
    return (s.decay * current + s.gain * sum) + s.constant;
}

/* The next voltage. */
AXONC_SPECIALISED float axonc_next_voltage(axonc_membrane_float_t m, float voltage, float input)
{
    return (m.decay * voltage + m.gain * input) + m.constant;
}

#endif
