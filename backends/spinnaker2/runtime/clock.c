#include "runtime.h"

/* Zeroes words of the work area. */
static void clear(axonc_core_t *core, uint32_t at, uint32_t count)
{
    uint32_t *words = axonc_work(core, at);

    for (uint32_t i = 0; i < count; i++) {
        words[i] = 0;
    }
}

/* Zeroes the states of a population. */
static void clear_states(axonc_core_t *core, const axonc_population_t *population)
{
    clear(core, population->voltage_at, population->voltage_words);
    if (population->current_at != 0) {
        clear(core, population->current_at, population->current_words);
    }
    if (population->segment != 0) {
        clear(core, population->segment_at, 1);
    }
}

/* Counts a step of a segment; where another begins, the cells are zeroed. */
static void count_segment(axonc_core_t *core, const axonc_population_t *population)
{
    uint32_t *step = axonc_work(core, population->segment_at);

    if (*step == 0) {
        clear(core, population->voltage_at, population->voltage_words);
    }
    *step = *step + 1 == population->segment ? 0 : *step + 1;
}

/* Zeroes the accumulators of an idle step: they hold events that would act after their sample. */
static void drop_late_events(axonc_core_t *core, const axonc_population_t *population)
{
    int32_t *sums = axonc_accumulators(core, population, 0);

    for (uint32_t n = 0; n < population->accumulators; n++) {
        sums[n] = 0;
    }
}

/* Adds the sums of a lane, shifted, to others, and clears them. */
static void add_lane(int32_t *restrict sums, int32_t *restrict lane, const uint8_t *restrict shifts,
                     uint32_t count)
{
#pragma GCC unroll 1
    for (uint32_t n = 0; n < count; n++) {
        sums[n] += lane[n] * (INT32_C(1) << shifts[n]);
        lane[n] = 0;
    }
}

void axonc_join_lanes(const axonc_core_t *core, const axonc_population_t *population)
{
    const uint32_t all = population->shifts_at == 0 ? 0 : population->accumulators;
    const uint8_t *shifts = axonc_data(core, population->shifts_at);
    int32_t *sums = axonc_accumulators(core, population, 0);

    for (uint32_t first = population->count; first < all; first += population->count) {
        add_lane(sums, sums + first, shifts + first - population->count, population->count);
    }
}

/* Ends a sample whose last step, or idle step, is over. */
static void end_sample(const axonc_core_t *core, axonc_clock_t *clock)
{
    if (clock->step == core->status->steps + core->header->gap) {
        clock->step = 0;
        clock->sample++;
    }
}

/* Ends a step, which did work or lies between two samples. */
static void end_step(axonc_core_t *core, const axonc_population_t *population,
                     axonc_clock_t *clock)
{
    if (clock->step < core->status->steps) {
        axonc_record_states(core, population);
    } else {
        drop_late_events(core, population);
    }
    clock->step++;
    end_sample(core, clock);
}

void axonc_reset_clocks(axonc_core_t *core)
{
    for (uint32_t i = 0; i < core->header->population_count; i++) {
        const axonc_population_t *population = &core->populations[i];
        axonc_clock_t *clock = axonc_work(core, population->clock_at);

        clock->head = population->first_head;
        clock->phase = population->first_phase;
        if (core->status->resumed != 0) {
            clock->step = core->status->steps;
            end_sample(core, clock);
        }
    }
}

void axonc_begin_samples(axonc_core_t *core)
{
    for (uint32_t i = 0; i < core->header->population_count; i++) {
        const axonc_population_t *population = &core->populations[i];
        const axonc_clock_t *clock = axonc_work(core, population->clock_at);

        if (!axonc_is_due(core, population)) {
            continue;
        }
        if (clock->step == 0 && clock->sample > core->status->resumed) {
            clear_states(core, population);
        }
        if (population->segment != 0) {
            count_segment(core, population);
        }
    }
}

void axonc_advance_clocks(axonc_core_t *core)
{
    for (uint32_t i = 0; i < core->header->population_count; i++) {
        const axonc_population_t *population = &core->populations[i];
        axonc_clock_t *clock = axonc_work(core, population->clock_at);

        if (core->status->slot >= population->start && clock->phase == 0 &&
            clock->sample < core->status->samples) {
            end_step(core, population, clock);
        }
        clock->phase++;
        if (clock->phase == core->header->phases) {
            clock->phase = 0;
            clock->head = (clock->head + 1) & population->ring_mask;
        }
    }
}
