#include "recording.h"

#define WORD_BITS 32u
#define WORD_BYTES 4u

/* The row of the recording buffers for the present step: steps of all samples count on. */
static uint32_t record_row(const axonc_core_t *core, const axonc_population_t *population)
{
    const axonc_clock_t *clock = axonc_work(core, population->clock_at);

    return (clock->sample - core->status->resumed) * core->status->steps + clock->step;
}

/* Copies one state of all neurons to a row of its buffer. */
static void copy_state(const axonc_core_t *core, uint32_t from, uint32_t to, uint32_t row,
                       uint32_t words)
{
    const uint32_t *state = axonc_work(core, from);
    uint32_t *record = axonc_work(core, to);

    record += row * words;
    for (uint32_t i = 0; i < words; i++) {
        record[i] = state[i];
    }
}

void axonc_record_spike(axonc_core_t *core, const axonc_population_t *population, uint32_t neuron)
{
    const uint32_t row = record_row(core, population);

    if (row >= core->header->record_steps) {
        return;
    }
    if (population->spikes == 1) {
        const uint32_t words = (population->count + WORD_BITS - 1) / WORD_BITS;
        uint32_t *record = axonc_work(core, population->spikes_record_at);

        record[row * words + neuron / WORD_BITS] |= UINT32_C(1) << neuron % WORD_BITS;
    } else {
        const uint32_t bytes = (population->count + WORD_BYTES - 1) / WORD_BYTES * WORD_BYTES;
        uint8_t *record = axonc_work(core, population->spikes_record_at);

        record[row * bytes + neuron]++;
    }
}

void axonc_record_states(axonc_core_t *core, const axonc_population_t *population)
{
    const uint32_t row = record_row(core, population);

    if (row >= core->header->record_steps) {
        return;
    }
    if (population->voltage_record_at != 0) {
        copy_state(core, population->voltage_at, population->voltage_record_at, row,
                   population->voltage_words);
    }
    if (population->current_record_at != 0) {
        copy_state(core, population->current_at, population->current_record_at, row,
                   population->current_words);
    }
}
