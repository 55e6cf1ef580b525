#include "platform.h"
#include "runtime.h"

/* Adds a dense row of weights to the accumulators of its targets. */
static void add_dense_row(int32_t *restrict sums, const int8_t *restrict row, uint32_t targets)
{
#pragma GCC unroll 8
    for (uint32_t t = 0; t < targets; t++) {
        sums[t] += row[t];
    }
}

/* Adds a sparse row of weights to the accumulators of its targets. */
static void add_sparse_row(int32_t *restrict sums, const axonc_synapse_t *restrict synapse,
                           uint32_t count)
{
    for (uint32_t k = 0; k < count; k++) {
        sums[synapse[k].target] += synapse[k].weight;
    }
}

/* Adds the row of one source neuron to the target population. */
static void add_row(axonc_core_t *core, const axonc_projection_t *projection, uint32_t row)
{
    const axonc_population_t *population = &core->populations[projection->population];
    int32_t *sums = axonc_accumulators(core, population, projection->ring_offset);

    sums += projection->first_target;
    switch (projection->format) {
    case AXONC_FORMAT_DENSE: {
        const int8_t *rows = axonc_data(core, projection->rows_at);

        add_dense_row(sums, rows + row * projection->targets, projection->targets);
        break;
    }
    case AXONC_FORMAT_SPARSE: {
        const uint16_t *starts = axonc_data(core, projection->rows_at);
        const axonc_synapse_t *synapses = axonc_data(core, projection->synapses_at);

        add_sparse_row(sums, synapses + starts[row], (uint32_t)(starts[row + 1] - starts[row]));
        break;
    }
    default:
        axonc_platform_fail(core, AXONC_ERROR_BAD_FORMAT);
    }
}

/* Gives one event to every projection that listens to it; false if there is none. */
static bool take_event(axonc_core_t *core, uint32_t key)
{
    const axonc_header_t *header = core->header;
    const uint32_t neuron = key & ~(UINT32_C(1) << AXONC_PARITY_BIT);
    const uint32_t block = (neuron >> header->local_bits) - header->first_block;
    const uint32_t row = neuron & ((UINT32_C(1) << header->local_bits) - 1);
    bool taken = false;

    if (block >= header->block_count) {
        return false;
    }
    const axonc_projection_t *projection = core->projections + core->sources[block].first;
    for (uint32_t left = core->sources[block].count; left > 0; left--) {
        if (row < projection->rows) {
            add_row(core, projection, row);
            taken = true;
        }
        projection++;
    }
    return taken;
}

void axonc_receive(axonc_core_t *core)
{
    const uint32_t parity = (core->status->slot + 1) & 1;
    const uint32_t *keys = axonc_work(core, core->header->fifo_at[parity]);
    const uint32_t count = axonc_platform_waiting(core, parity);

    if (count > core->header->fifo_capacity) {
        axonc_platform_fail(core, AXONC_ERROR_QUEUE_OVERFLOW);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!take_event(core, keys[i])) {
            core->status->stray++;
        }
    }
    if (count > core->status->queue_peak) {
        core->status->queue_peak = count;
    }
    core->status->received += count;
    axonc_platform_release(core, parity);
}

void axonc_send_listed(axonc_core_t *core)
{
    axonc_list_t *list = axonc_work(core, core->header->list_at);
    const axonc_listed_t *events = (const void *)(list + 1);
    const uint32_t parity = (core->status->slot & 1) << AXONC_PARITY_BIT;

    while (list->next < list->count && events[list->next].slot == core->status->slot) {
        axonc_platform_send(core, events[list->next].key | parity);
        list->next++;
    }
}
