#include "convolution.h"
#include "neurons.h"
#include "platform.h"
#include "runtime.h"

/* Events of one key block that are taken together. */
#define BATCH (AXONC_VECTORS ? 32u : FEW)

/* Rows whose sum a core keeps in a register. */
#define FEW 4u

/* Targets whose weights a host sums in 16 bits, in vectors: BATCH weights of 8 bits fit. */
#define TILE 128u

/* Adds a dense row of weights to the accumulators of its targets. */
static void add_dense_row(int32_t *restrict sums, const int8_t *restrict row, uint32_t targets)
{
#pragma GCC unroll 8
    for (uint32_t t = 0; t < targets; t++) {
        sums[t] += row[t];
    }
}

/* Adds the first columns of FEW dense rows: every accumulator is loaded and stored only once. */
static void add_few_rows(int32_t *restrict sums, const int8_t *restrict weights,
                         const uint32_t *restrict rows, uint32_t targets, uint32_t columns)
{
    const int8_t *first = weights + rows[0] * targets;
    const int8_t *second = weights + rows[1] * targets;
    const int8_t *third = weights + rows[2] * targets;
    const int8_t *fourth = weights + rows[3] * targets;

    for (uint32_t t = 0; t < columns; t++) {
        sums[t] += first[t] + second[t] + third[t] + fourth[t];
    }
}

/* Adds TILE columns of dense rows, at most BATCH. */
static void add_tile(int32_t *restrict sums, const int8_t *restrict weights,
                     const uint32_t *restrict rows, uint32_t count, uint32_t targets)
{
    int16_t parts[TILE] = {0};

    for (uint32_t i = 0; i < count; i++) {
        const int8_t *row = weights + rows[i] * targets;

        for (uint32_t t = 0; t < TILE; t++) {
            parts[t] = (int16_t)(parts[t] + row[t]);
        }
    }
    for (uint32_t t = 0; t < TILE; t++) {
        sums[t] += parts[t];
    }
}

/* Adds dense rows, at most BATCH. */
static void add_dense_rows(int32_t *sums, const int8_t *weights, const uint32_t *rows,
                           uint32_t count, uint32_t targets)
{
    uint32_t done = 0;
    uint32_t i = 0;

    for (; AXONC_VECTORS && done + TILE <= targets; done += TILE) {
        add_tile(sums + done, weights + done, rows, count, targets);
    }
    if (done == targets) {
        return;
    }
    for (; i + FEW <= count; i += FEW) {
        add_few_rows(sums + done, weights + done, rows + i, targets, targets - done);
    }
    for (; i < count; i++) {
        add_dense_row(sums + done, weights + done + rows[i] * targets, targets - done);
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

/* Adds the rows of source neurons, at most BATCH, to the target population. */
static void add_rows(axonc_core_t *core, const axonc_projection_t *projection,
                     const uint32_t *rows, uint32_t count)
{
    const axonc_population_t *population = &core->populations[projection->population];
    int32_t *sums = axonc_accumulators(core, population, projection->ring_offset);
    const void *weights = axonc_data(core, projection->rows_at);

    sums += projection->first_target;
    switch (projection->format) {
    case AXONC_FORMAT_DENSE:
        add_dense_rows(sums, weights, rows, count, projection->targets);
        break;
    case AXONC_FORMAT_SPARSE: {
        const uint16_t *starts = weights;
        const axonc_synapse_t *synapses = axonc_data(core, projection->synapses_at);

        for (uint32_t i = 0; i < count; i++) {
            const uint32_t start = starts[rows[i]];

            add_sparse_row(sums, synapses + start, starts[rows[i] + 1] - start);
        }
        break;
    }
    case AXONC_FORMAT_KERNEL:
        axonc_add_kernel(core, axonc_data(core, projection->synapses_at), sums, weights, rows, count);
        break;
    default:
        axonc_platform_fail(core, AXONC_ERROR_BAD_FORMAT);
    }
}

/* The neuron of a key within its block. */
static uint32_t row_of(const axonc_core_t *core, uint32_t key)
{
    return key & ((UINT32_C(1) << core->header->local_bits) - 1);
}

/* Lists the rows of events of one key block, at most BATCH, and counts those without; returns how many have one. */
static uint32_t list_rows(axonc_core_t *core, uint32_t rows_there, const uint32_t *keys,
                          uint32_t count, uint32_t *rows)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < count; i++) {
        rows[found] = row_of(core, keys[i]);
        found += rows[found] < rows_there;
    }
    core->status->stray += count - found;
    return found;
}

/* Gives events of one key block, at most BATCH, to every projection that listens. All have as many rows. */
static void take_events(axonc_core_t *core, uint32_t block, const uint32_t *keys, uint32_t count)
{
    const axonc_source_t source = core->sources[block];
    const axonc_projection_t *projections = core->projections + source.first;
    uint32_t rows[BATCH];
    const uint32_t there = source.count == 0 ? 0 : projections->rows;
    const uint32_t found = list_rows(core, there, keys, count, rows);

    for (uint32_t p = 0; p < source.count; p++) {
        add_rows(core, &projections[p], rows, found);
    }
}

/* The key block of a key, counted from the first that this core listens to. */
static uint32_t block_of(const axonc_core_t *core, uint32_t key)
{
    const uint32_t neuron = key & ~(UINT32_C(1) << AXONC_PARITY_BIT);

    return (neuron >> core->header->local_bits) - core->header->first_block;
}

/* Takes the first of some events and those of the same key block behind it; returns how many. */
static uint32_t take_some(axonc_core_t *core, const uint32_t *keys, uint32_t count)
{
    const uint32_t block = block_of(core, keys[0]);
    uint32_t some = 1;

    while (some < count && some < BATCH && block_of(core, keys[some]) == block) {
        some++;
    }
    if (block < core->header->block_count) {
        take_events(core, block, keys, some);
    } else {
        core->status->stray += some;
    }
    return some;
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
    for (uint32_t taken = 0; taken < count;) {
        taken += take_some(core, keys + taken, count - taken);
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
