#include "neurons.h"

#include "arithmetic.h"
#include "recording.h"

/* What the state of a population is stored in. */
typedef enum { Q16, Q32 } width_t;

/* A population while its neurons are updated, and how many of their values had to be clipped. */
typedef struct {
    axonc_core_t *core;
    const axonc_population_t *population;
    uint32_t key;
    uint32_t clipped;
} group_t;

/* One update of a state: sat(leak + decay(old - leak) + requantize(input) + offset), clipped to a limit. */
typedef struct {
    int32_t decay;
    int32_t multiplier;
    uint32_t shift;
    int32_t offset;
    int32_t leak;
    int32_t limit;
} update_t;

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

/* A value clipped to a limit; counts the values that had to be clipped. */
static int32_t clip(group_t *group, int64_t value, int32_t limit)
{
    const int64_t clipped = axonc_saturate(value, limit);

    group->clipped += clipped != value;
    return (int32_t)clipped;
}

/* The next state, by its definition. */
AXONC_RARE int32_t next_wide(group_t *group, update_t u, int32_t old, int32_t input)
{
    const int64_t kept = axonc_decay((int64_t)old - u.leak, u.decay);
    const int64_t driven = axonc_requantize(input, u.multiplier, u.shift);

    return clip(group, u.leak + kept + driven + u.offset, u.limit);
}

/* The next state in words, without clipping; false if that does not do. */
AXONC_SPECIALISED bool next_narrow(update_t u, int32_t old, int32_t input, int32_t *next)
{
    int32_t away;
    int32_t driven = 0;

    if (__builtin_sub_overflow(old, u.leak, &away)) {
        return false;
    }
    if (input != 0 && (u.shift < AXONC_NARROW_SHIFT ||
                       !axonc_requantize_narrow(input, u.multiplier, u.shift, &driven))) {
        return false;
    }
    /* What is kept lies between the old state and the leak. */
    *next = u.leak + axonc_decay_narrow(away, u.decay);
    return !__builtin_add_overflow(*next, driven, next) &&
           !__builtin_add_overflow(*next, u.offset, next) && *next >= -u.limit && *next <= u.limit;
}

/* The next state. */
AXONC_SPECIALISED int32_t next_state(group_t *group, update_t u, int32_t old, int32_t input)
{
    int32_t next;

    if (AXONC_LIKELY(next_narrow(u, old, input, &next))) {
        return next;
    }
    return next_wide(group, u, old, input);
}

/* Sends a spike; returns the voltage after it. */
AXONC_RARE int32_t spike(group_t *group, uint32_t neuron, int32_t voltage, int32_t reset)
{
    axonc_spike(group->core, group->population, group->key, neuron);
    switch (group->population->reset) {
    case AXONC_RESET_VALUE:
        return reset;
    case AXONC_RESET_SUBTRACT:
    case AXONC_RESET_SUBTRACT_GUARDED:
        return clip(group, (int64_t)voltage - reset, group->population->voltage_limit);
    default:
        return voltage;
    }
}

/* The voltage after the test of a neuron that is above threshold, or was before. */
AXONC_RARE int32_t fire(group_t *group, const axonc_membrane_fixed_t *m, uint32_t neuron,
                        int32_t old, int32_t voltage)
{
    const uint32_t reset = group->population->reset;
    int64_t tested = voltage;

    if (old > m->threshold && axonc_is_pending(reset)) {
        tested -= m->reset;
    }
    if (reset == AXONC_RESET_SUBTRACT_NEXT) {
        voltage = clip(group, tested, group->population->voltage_limit);
        tested = voltage;
    }
    for (uint32_t left = group->population->spikes; left > 0 && tested > m->threshold; left--) {
        voltage = spike(group, neuron, voltage, m->reset);
        tested = voltage;
    }
    return voltage;
}

/* One step of every neuron. The flags are known when this is compiled into a kernel. */
AXONC_SPECIALISED void step(group_t *group, bool has_current, width_t width, bool uniform,
                            bool plain)
{
    axonc_core_t *core = group->core;
    const axonc_population_t *population = group->population;
    const uint32_t count = population->count;
    const bool old_current = population->old_current != 0;
    const int32_t current_limit = population->current_limit;
    const int32_t voltage_limit = population->voltage_limit;
    const axonc_synapse_fixed_t *synapses = axonc_data(core, population->synapse_at);
    const axonc_membrane_fixed_t *membranes = axonc_data(core, population->membrane_at);
    const uint32_t next_synapse = population->synapse_stride != 0;
    const uint32_t next_membrane = population->membrane_stride != 0;
    axonc_synapse_fixed_t s = *synapses;
    axonc_membrane_fixed_t m = *membranes;
    int32_t *sums = axonc_accumulators(core, population, 0);
    void *currents = axonc_work(core, population->current_at);
    void *voltages = axonc_work(core, population->voltage_at);

    for (uint32_t n = 0; n < count; n++) {
        const int32_t old = load(voltages, n, width);
        int32_t input = sums[n];

        if (!uniform) {
            s = *synapses;
            m = *membranes;
            synapses += next_synapse;
            membranes += next_membrane;
        }
        sums[n] = 0;
        if (has_current) {
            const int32_t current = load(currents, n, width);
            const update_t synapse = {s.decay, s.multiplier, s.shift, s.offset, 0, current_limit};
            const int32_t next = next_state(group, synapse, current, input);

            store(currents, n, next, width);
            input = old_current ? current : next;
        }
        const update_t membrane = {m.decay, m.multiplier, m.shift, m.offset, m.leak, voltage_limit};
        int32_t voltage = next_state(group, membrane, old, input);

        if (plain && AXONC_UNLIKELY(voltage > m.threshold)) {
            voltage = spike(group, n, voltage, m.reset);
        }
        if (!plain && AXONC_UNLIKELY(voltage > m.threshold || old > m.threshold)) {
            voltage = fire(group, &m, n, old, voltage);
        }
        if (!plain && voltage < m.lowest) {
            voltage = m.lowest;
        }
        store(voltages, n, voltage, width);
    }
}

/* One step of a population, if it is due. */
AXONC_SPECIALISED void update(axonc_core_t *core, uint32_t index, bool has_current, width_t width)
{
    const axonc_population_t *population = &core->populations[index];
    group_t group = {
        .core = core,
        .population = population,
        .key = axonc_event_key(core, population),
    };

    if (!axonc_is_due(core, population)) {
        return;
    }
    axonc_join_lanes(core, population);
    if (!population->plain) {
        step(&group, has_current, width, false, false);
    } else if (axonc_is_uniform(population)) {
        step(&group, has_current, width, true, true);
    } else {
        step(&group, has_current, width, false, true);
    }
    core->status->saturations += group.clipped;
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
