#include "events.h"

#include "platform.h"

#define BATCH AXONC_BATCH

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
        const axonc_projection_t *to = &projections[p];

        added += axonc_add_rows(core, to, axonc_window(core, to), rows, found);
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
