#include "neurons_float.h"

/* Neurons that are updated before their spikes are sent: on a host, these loops run in vectors. */
#define TILE 64u
#define BYTE_BITS 8u

/* One step of every neuron. The flags are known when this is compiled into a kernel. */
AXONC_SPECIALISED void step(const axonc_float_group_t *group, bool has_current, bool uniform, bool plain)
{
    axonc_core_t *core = group->core;
    const axonc_population_t *population = group->population;
    const uint32_t count = population->count;
    const bool old_current = population->old_current != 0;
    const axonc_synapse_float_t *synapses = axonc_data(core, population->synapse_at);
    const axonc_membrane_float_t *membranes = axonc_data(core, population->membrane_at);
    const uint32_t next_synapse = population->synapse_stride != 0;
    const uint32_t next_membrane = population->membrane_stride != 0;
    axonc_synapse_float_t s = *synapses;
    axonc_membrane_float_t m = *membranes;
    int32_t *sums = axonc_accumulators(core, population, 0);
    float *currents = axonc_work(core, population->current_at);
    float *voltages = axonc_work(core, population->voltage_at);

    for (uint32_t n = 0; n < count; n++) {
        const float old = voltages[n];
        float input = (float)sums[n];

        if (!uniform) {
            s = *synapses;
            m = *membranes;
            synapses += next_synapse;
            membranes += next_membrane;
        }
        sums[n] = 0;
        if (has_current) {
            const float current = currents[n];

            currents[n] = axonc_next_current(s, current, input);
            input = old_current ? current : currents[n];
        }
        float voltage = axonc_next_voltage(m, old, input);

        if (plain && AXONC_UNLIKELY(voltage > m.threshold)) {
            voltage = axonc_float_spike(group, n, voltage, m.reset);
        }
        if (!plain && AXONC_UNLIKELY(voltage > m.threshold || old > m.threshold)) {
            voltage = axonc_float_fire(group, &m, n, old, voltage);
        }
        if (!plain && voltage < m.lowest) {
            voltage = m.lowest;
        }
        voltages[n] = voltage;
    }
}

/* Updates neurons that share their parameters, and notes which are above threshold. */
AXONC_SPECIALISED void update_tile(axonc_synapse_float_t s, axonc_membrane_float_t m,
                                   bool has_current, bool old_current, uint32_t count,
                                   int32_t *restrict sums, float *restrict currents,
                                   float *restrict voltages, uint8_t *restrict above)
{
    for (uint32_t n = 0; n < count; n++) {
        float input = (float)sums[n];

        sums[n] = 0;
        if (has_current) {
            const float current = currents[n];
            const float next = axonc_next_current(s, current, input);

            currents[n] = next;
            input = old_current ? current : next;
        }
        voltages[n] = axonc_next_voltage(m, voltages[n], input);
        above[n] = voltages[n] > m.threshold;
    }
}

/* Sends the spikes of neurons that are above threshold, and resets these. Hosts are little-endian. */
static void send_tile(const axonc_float_group_t *group, uint32_t first, float reset, float *voltages,
                      const uint8_t *above)
{
    for (uint32_t n = 0; n < TILE; n += sizeof(uint64_t)) {
        uint64_t flags;

        __builtin_memcpy(&flags, above + n, sizeof flags);
        for (; flags != 0; flags &= flags - 1) {
            const uint32_t k = n + (uint32_t)__builtin_ctzll(flags) / BYTE_BITS;

            voltages[k] = axonc_float_spike(group, first + k, voltages[k], reset);
        }
    }
}

/* One step of neurons that share their parameters, in tiles. */
AXONC_SPECIALISED void step_tiles(const axonc_float_group_t *group, bool has_current)
{
    axonc_core_t *core = group->core;
    const axonc_population_t *population = group->population;
    const axonc_synapse_float_t *s = axonc_data(core, population->synapse_at);
    const axonc_membrane_float_t *m = axonc_data(core, population->membrane_at);
    int32_t *sums = axonc_accumulators(core, population, 0);
    float *currents = axonc_work(core, population->current_at);
    float *voltages = axonc_work(core, population->voltage_at);
    uint8_t above[TILE] = {0};

    for (uint32_t first = 0; first < population->count; first += TILE) {
        const uint32_t left = population->count - first;
        const uint32_t count = left < TILE ? left : TILE;

        if (count < TILE) {
            __builtin_memset(above, 0, sizeof above);
        }
        update_tile(*s, *m, has_current, population->old_current != 0, count, sums + first,
                    currents + first, voltages + first, above);
        send_tile(group, first, m->reset, voltages + first, above);
    }
}

/* One step of a population, if it is due. */
AXONC_SPECIALISED void update(axonc_core_t *core, uint32_t index, bool has_current)
{
    const axonc_population_t *population = &core->populations[index];
    const axonc_float_group_t group = {core, population, axonc_event_key(core, population)};

    if (!axonc_is_due(core, population)) {
        return;
    }
    axonc_join_lanes(core, population);
    if (!population->plain) {
        step(&group, has_current, false, false);
    } else if (axonc_is_uniform(population)) {
        if (AXONC_VECTORS) {
            step_tiles(&group, has_current);
        } else {
            step(&group, has_current, true, true);
        }
    } else {
        step(&group, has_current, false, true);
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
