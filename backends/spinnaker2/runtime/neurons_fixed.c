#include "arithmetic.h"
#include "neurons.h"
#include "recording.h"

/* What the state of a population is stored in. */
typedef enum { Q16, Q32 } width_t;

/* The voltage of a neuron and whether it spiked. */
typedef struct {
    int32_t voltage;
    bool spiked;
} membrane_t;

/* A state word, widened. */
AXONC_SPECIALISED int32_t load(const void *states, uint32_t n, width_t width)
{
    return width == Q16 ? ((const int16_t *)states)[n] : ((const int32_t *)states)[n];
}

/* Stores a state word, which fits. */
AXONC_SPECIALISED void store(void *states, uint32_t n, int32_t value, width_t width)
{
    if (width == Q16) {
        ((int16_t *)states)[n] = (int16_t)value;
    } else {
        ((int32_t *)states)[n] = value;
    }
}

/* A value that fits into a state word; counts the values that had to be clipped. */
AXONC_SPECIALISED int32_t clip(int64_t value, width_t width, uint32_t *clipped)
{
    const int64_t limit = width == Q16 ? INT16_MAX : INT32_MAX;

    /* Almost every value fits: find out by one comparison. */
    if ((uint64_t)(value + limit) <= (uint64_t)(2 * limit)) {
        return (int32_t)value;
    }
    *clipped += 1;
    return (int32_t)axonc_saturate(value, limit);
}

/* The next synaptic current. */
AXONC_SPECIALISED int32_t next_current(axonc_synapse_fixed_t s, int32_t current, int32_t sum,
                                       width_t width, uint32_t *clipped)
{
    const int64_t kept = axonc_decay(current, s.decay);
    const int64_t driven = axonc_requantize(sum, s.multiplier, s.shift);

    return clip(kept + driven + s.offset, width, clipped);
}

/* The voltage after a spike. */
AXONC_SPECIALISED int32_t after_spike(axonc_membrane_fixed_t m, uint32_t reset, int32_t voltage,
                                      width_t width, uint32_t *clipped)
{
    switch (reset) {
    case AXONC_RESET_VALUE:
        return m.reset;
    case AXONC_RESET_SUBTRACT:
    case AXONC_RESET_SUBTRACT_GUARDED:
        return clip((int64_t)voltage - m.reset, width, clipped);
    default:
        return voltage;
    }
}

/* The next voltage. A guarded neuron that stood above threshold has its reset still to come. */
AXONC_SPECIALISED membrane_t next_membrane(axonc_membrane_fixed_t m, uint32_t reset, bool guarded,
                                           int32_t voltage, int32_t input, width_t width,
                                           uint32_t *clipped)
{
    const int64_t kept = axonc_decay((int64_t)voltage - m.leak, m.decay);
    const int64_t driven = axonc_requantize(input, m.multiplier, m.shift);
    membrane_t next = {clip(m.leak + kept + driven + m.offset, width, clipped), false};

    if (guarded && voltage > m.threshold) {
        next.spiked = (int64_t)next.voltage - m.reset > m.threshold;
    } else {
        next.spiked = next.voltage > m.threshold;
    }
    if (next.spiked) {
        next.voltage = after_spike(m, reset, next.voltage, width, clipped);
    }
    return next;
}

/* One step of every neuron. The flags are known when this is compiled into a kernel. */
AXONC_SPECIALISED void step(axonc_core_t *core, const axonc_population_t *population,
                            bool has_current, width_t width, bool uniform,
                            bool guarded)
{
    const uint32_t key = axonc_event_key(core, population);
    const uint32_t count = population->count;
    const uint32_t reset = population->reset;
    const bool old_current = population->old_current != 0;
    const uint32_t synapse_stride = population->synapse_stride;
    const uint32_t membrane_stride = population->membrane_stride;
    const uint8_t *synapse = axonc_data(core, population->synapse_at);
    const uint8_t *membrane = axonc_data(core, population->membrane_at);
    axonc_synapse_fixed_t s = *(const axonc_synapse_fixed_t *)(const void *)synapse;
    axonc_membrane_fixed_t m = *(const axonc_membrane_fixed_t *)(const void *)membrane;
    int32_t *sums = axonc_accumulators(core, population, 0);
    void *currents = axonc_work(core, population->current_at);
    void *voltages = axonc_work(core, population->voltage_at);
    uint32_t clipped = 0;

    for (uint32_t n = 0; n < count; n++) {
        int32_t input = sums[n];

        if (!uniform) {
            s = *(const axonc_synapse_fixed_t *)(const void *)synapse;
            m = *(const axonc_membrane_fixed_t *)(const void *)membrane;
            synapse += synapse_stride;
            membrane += membrane_stride;
        }
        if (has_current) {
            const int32_t old = load(currents, n, width);
            const int32_t new = next_current(s, old, input, width, &clipped);

            store(currents, n, new, width);
            input = old_current ? old : new;
        }
        sums[n] = 0;
        const membrane_t next =
            next_membrane(m, reset, guarded, load(voltages, n, width), input, width, &clipped);

        store(voltages, n, next.voltage, width);
        if (next.spiked) {
            axonc_spike(core, population, key, n);
        }
    }
    core->status->saturations += clipped;
}

/* One step of a population, if it is due. */
AXONC_SPECIALISED void update(axonc_core_t *core, uint32_t index, bool has_current, width_t width)
{
    const axonc_population_t *population = &core->populations[index];

    if (!axonc_is_due(core, population)) {
        return;
    }
    if (population->reset == AXONC_RESET_SUBTRACT_GUARDED) {
        step(core, population, has_current, width, false, true);
    } else if (axonc_is_uniform(population)) {
        step(core, population, has_current, width, true, false);
    } else {
        step(core, population, has_current, width, false, false);
    }
}

void axonc_lif_q16(axonc_core_t *core, uint32_t population)
{
    update(core, population, false, Q16);
}

void axonc_lif_q32(axonc_core_t *core, uint32_t population)
{
    update(core, population, false, Q32);
}

void axonc_cuba_lif_q16(axonc_core_t *core, uint32_t population)
{
    update(core, population, true, Q16);
}

void axonc_cuba_lif_q32(axonc_core_t *core, uint32_t population)
{
    update(core, population, true, Q32);
}
