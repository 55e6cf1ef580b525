/* Neurons in float32 whose voltage takes the values of a table: its code is what is stored. */
#include "neurons_float.h"

/* The table of a population. */
typedef struct {
    const float *edges;
    const float *values;
    uint32_t half;
    uint32_t first;
    uint32_t last;
} levels_t;

/* The table of a population. */
static levels_t levels_of(const axonc_core_t *core, const axonc_population_t *population)
{
    const axonc_levels_t *levels = axonc_data(core, population->levels_at);

    return (levels_t){
        .edges = axonc_data(core, levels->edges_at),
        .values = axonc_data(core, levels->values_at),
        .half = UINT32_C(1) << (levels->bits - 1),
        .first = levels->first,
        .last = (UINT32_C(1) << levels->bits) - 1,
    };
}

/* The code of the level nearest to a voltage: as many edges lie below it. What is no number lies above all. */
static uint8_t code_of(const levels_t *levels, float voltage)
{
    uint32_t below = 0;

    for (uint32_t step = levels->half; step > 0; step /= 2) {
        if (!(voltage <= levels->edges[below + step - 1])) {
            below += step;
        }
    }
    return (uint8_t)((below - levels->first) & levels->last);
}

/* One step of every neuron. */
AXONC_SPECIALISED void step(const axonc_float_group_t *group, const levels_t *levels, bool has_current)
{
    axonc_core_t *core = group->core;
    const axonc_population_t *population = group->population;
    const axonc_synapse_float_t *s = axonc_data(core, population->synapse_at);
    const axonc_membrane_float_t *m = axonc_data(core, population->membrane_at);
    const bool old_current = population->old_current != 0;
    int32_t *sums = axonc_accumulators(core, population, 0);
    float *currents = axonc_work(core, population->current_at);
    uint8_t *codes = axonc_work(core, population->voltage_at);

    for (uint32_t n = 0; n < population->count; n++) {
        const float old = levels->values[codes[n]];
        float input = (float)sums[n];

        sums[n] = 0;
        if (has_current) {
            const float current = currents[n];

            currents[n] = axonc_next_current(*s, current, input);
            input = old_current ? current : currents[n];
        }
        codes[n] = code_of(levels, axonc_next_voltage(*m, old, input));
        const float voltage = levels->values[codes[n]];

        if (AXONC_UNLIKELY(voltage > m->threshold || old > m->threshold || voltage < m->lowest)) {
            const float after = axonc_float_fire(group, m, n, old, voltage);

            codes[n] = code_of(levels, after < m->lowest ? m->lowest : after);
        }
        s += population->synapse_stride != 0;
        m += population->membrane_stride != 0;
    }
}

/* One step of a population, if it is due. */
AXONC_SPECIALISED void update(axonc_core_t *core, uint32_t index, bool has_current)
{
    const axonc_population_t *population = &core->populations[index];

    if (axonc_is_due(core, population)) {
        const axonc_float_group_t group = {core, population, axonc_event_key(core, population)};
        const levels_t levels = levels_of(core, population);

        axonc_join_lanes(core, population);
        step(&group, &levels, has_current);
    }
}

void axonc_lif_levels(axonc_core_t *core, uint32_t population)
{
    update(core, population, false);
}

void axonc_cuba_lif_levels(axonc_core_t *core, uint32_t population)
{
    update(core, population, true);
}
