#include "events.h"

#include "convolution.h"
#include "platform.h"

#define BATCH AXONC_BATCH
#define FEW AXONC_FEW

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

/* Adds sparse rows; returns how many synapses they have. */
static uint32_t add_sparse_rows(int32_t *sums, const uint16_t *starts,
                                const axonc_synapse_t *synapses, const uint32_t *rows,
                                uint32_t count)
{
    uint32_t added = 0;

    for (uint32_t i = 0; i < count; i++) {
        const uint32_t start = starts[rows[i]];
        const uint32_t synapse_count = starts[rows[i] + 1] - start;

        add_sparse_row(sums, synapses + start, synapse_count);
        added += synapse_count;
    }
    return added;
}

/* Adds the rows of source neurons, at most BATCH, to the target population; returns how many weights they have. */
static uint32_t add_rows(axonc_core_t *core, const axonc_projection_t *projection,
                         const uint32_t *rows, uint32_t count)
{
    int32_t *sums = axonc_window(core, projection);
    const void *weights = axonc_data(core, projection->rows_at);

    switch (projection->format) {
    case AXONC_FORMAT_DENSE:
        add_dense_rows(sums, weights, rows, count, projection->targets);
        return count * projection->targets;
    case AXONC_FORMAT_SPARSE:
        return add_sparse_rows(sums, weights, axonc_data(core, projection->synapses_at), rows, count);
#if AXONC_VECTORS
    case AXONC_FORMAT_SPARSE16:
        return axonc_add_sparse16(core, projection, sums, rows, count);
#endif
    case AXONC_FORMAT_KERNEL:
        return axonc_add_kernel(core, axonc_data(core, projection->synapses_at), sums, weights, rows,
                                count);
    default:
        axonc_platform_fail(core, AXONC_ERROR_BAD_FORMAT);
        return 0;
    }
}

/* Lists the rows of events of one key block, at most BATCH, and counts those without; returns how many have one. */
static uint32_t list_rows(axonc_core_t *core, uint32_t rows_there, const uint32_t *keys,
                          uint32_t count, uint32_t *rows)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < count; i++) {
        rows[found] = axonc_row_of(core, keys[i]);
        found += rows[found] < rows_there;
    }
    core->status->stray += count - found;
    return found;
}

void axonc_take_spikes(axonc_core_t *core, uint32_t block, const uint32_t *keys, uint32_t count)
{
    const axonc_source_t source = core->sources[block];
    const axonc_projection_t *projections = core->projections + source.first;
    uint32_t rows[BATCH];
    const uint32_t there = source.count == 0 ? 0 : projections->rows;
    const uint32_t found = list_rows(core, there, keys, count, rows);
    uint32_t added = 0;

    for (uint32_t p = 0; p < source.count; p++) {
        added += add_rows(core, &projections[p], rows, found);
    }
    core->status->macs += added;
}

/* Takes the first of some events and those of the same key block behind it; returns how many. */
static uint32_t take_some(axonc_core_t *core, const uint32_t *keys, uint32_t count)
{
    const uint32_t block = axonc_block_of(core, keys[0]);
    uint32_t some = 1;

    while (some < count && some < BATCH && axonc_block_of(core, keys[some]) == block) {
        some++;
    }
    if (block < core->header->block_count) {
        axonc_take_spikes(core, block, keys, some);
    } else {
        core->status->stray += some;
    }
    return some;
}

/* Takes packets that are nothing but keys. */
static void take_keys(axonc_core_t *core, const uint32_t *keys, uint32_t count)
{
    for (uint32_t taken = 0; taken < count;) {
        taken += take_some(core, keys + taken, count - taken);
    }
}

void axonc_receive(axonc_core_t *core)
{
    const uint32_t parity = (core->status->slot + 1) & 1;
    const uint32_t *packets = axonc_work(core, core->header->fifo_at[parity]);
    const uint32_t count = axonc_platform_waiting(core, parity);

    if (count > core->header->fifo_capacity) {
        axonc_platform_fail(core, AXONC_ERROR_QUEUE_OVERFLOW);
        return;
    }
    if (core->header->packet_words == 1) {
        take_keys(core, packets, count);
    } else {
        axonc_take_packets(core, packets, count);
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
    const uint32_t words = core->header->packet_words;
    const uint32_t *packet = (const void *)(list + 1);
    const uint32_t parity = (core->status->slot & 1) << AXONC_PARITY_BIT;

    for (packet += list->next * (words + 1);
         list->next < list->count && packet[0] == core->status->slot; packet += words + 1) {
        if (words == 1) {
            axonc_platform_send(core, packet[1] | parity);
        } else {
            axonc_platform_send_graded(core, packet[1] | parity, packet + 2);
        }
        list->next++;
    }
}
