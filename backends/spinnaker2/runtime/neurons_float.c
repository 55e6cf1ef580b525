#include "neurons.h"
#include "recording.h"

/* The voltage of a neuron and whether it spiked. */
typedef struct {
    float voltage;
    bool spiked;
} membrane_t;

/* The next synaptic current. */
AXONC_SPECIALISED float next_current(axonc_synapse_float_t s, float current, int32_t sum)
{
    return (s.decay * current + s.gain * (float)sum) + s.constant;
}

/* The voltage after a spike. */
AXONC_SPECIALISED float after_spike(axonc_membrane_float_t m, uint32_t reset, float voltage)
{
    switch (reset) {
    case AXONC_RESET_VALUE:
        return m.reset;
    case AXONC_RESET_SUBTRACT:
    case AXONC_RESET_SUBTRACT_GUARDED:
        return voltage - m.reset;
    default:
        return voltage;
    }
}

/* The next voltage. A guarded neuron that stood above threshold has its reset still to come. */
AXONC_SPECIALISED membrane_t next_membrane(axonc_membrane_float_t m, uint32_t reset, bool guarded,
                                           float voltage, float input)
{
    membrane_t next = {(m.decay * voltage + m.gain * input) + m.constant, false};

    if (guarded && voltage > m.threshold) {
        next.spiked = next.voltage - m.reset > m.threshold;
    } else {
        next.spiked = next.voltage > m.threshold;
    }
    if (next.spiked) {
        next.voltage = after_spike(m, reset, next.voltage);
    }
    return next;
}

/* One step of every neuron. The flags are known when this is compiled into a kernel. */
AXONC_SPECIALISED void step(axonc_core_t *core, const axonc_population_t *population,
                            bool has_current, bool uniform, bool guarded)
{
    const uint32_t key = axonc_event_key(core, population);
    const uint32_t count = population->count;
    const uint32_t reset = population->reset;
    const bool old_current = population->old_current != 0;
    const uint32_t synapse_stride = population->synapse_stride;
    const uint32_t membrane_stride = population->membrane_stride;
    const uint8_t *synapse = axonc_data(core, population->synapse_at);
    const uint8_t *membrane = axonc_data(core, population->membrane_at);
    axonc_synapse_float_t s = *(const axonc_synapse_float_t *)(const void *)synapse;
    axonc_membrane_float_t m = *(const axonc_membrane_float_t *)(const void *)membrane;
    int32_t *sums = axonc_accumulators(core, population, 0);
    float *currents = axonc_work(core, population->current_at);
    float *voltages = axonc_work(core, population->voltage_at);

    for (uint32_t n = 0; n < count; n++) {
        float input = (float)sums[n];

        if (!uniform) {
            s = *(const axonc_synapse_float_t *)(const void *)synapse;
            m = *(const axonc_membrane_float_t *)(const void *)membrane;
            synapse += synapse_stride;
            membrane += membrane_stride;
        }
        if (has_current) {
            const float old = currents[n];

            currents[n] = next_current(s, old, sums[n]);
            input = old_current ? old : currents[n];
        }
        sums[n] = 0;
        const membrane_t next = next_membrane(m, reset, guarded, voltages[n], input);

        voltages[n] = next.voltage;
        if (next.spiked) {
            axonc_spike(core, population, key, n);
        }
    }
}

/* One step of a population, if it is due. */
AXONC_SPECIALISED void update(axonc_core_t *core, uint32_t index, bool has_current)
{
    const axonc_population_t *population = &core->populations[index];

    if (!axonc_is_due(core, population)) {
        return;
    }
    if (population->reset == AXONC_RESET_SUBTRACT_GUARDED) {
        step(core, population, has_current, false, true);
    } else if (axonc_is_uniform(population)) {
        step(core, population, has_current, true, false);
    } else {
        step(core, population, has_current, false, false);
    }
}

void axonc_lif_f32(axonc_core_t *core, uint32_t population)
{
    update(core, population, false);
}

void axonc_cuba_lif_f32(axonc_core_t *core, uint32_t population)
{
    update(core, population, true);
}
