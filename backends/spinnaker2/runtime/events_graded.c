#include "events.h"

#include "platform.h"

#define BATCH AXONC_BATCH

/* Lists the events of a packet that have a row, and counts those without. */
static inline void list_events(axonc_core_t *core, const uint32_t *packet, uint32_t there,
                               axonc_events_t *events)
{
    for (uint32_t i = 1; i < core->header->packet_words; i++) {
        const uint32_t row = packet[i] >> 16;

        if (row < there) {
            events->rows[events->count] = row;
            events->values[events->count] = (int16_t)(packet[i] & 0xFFFFu);
            events->count++;
        } else if (row != AXONC_UNUSED) {
            core->status->stray++;
        }
    }
}

/* Takes the first of some packets and those of the same key block behind it, at most BATCH events; returns how many. */
static uint32_t take_graded(axonc_core_t *core, axonc_source_t source, const uint32_t *packets,
                            uint32_t count)
{
    const axonc_projection_t *projections = core->projections + source.first;
    const uint32_t words = core->header->packet_words;
    const uint32_t there = source.count == 0 ? 0 : projections->rows;
    const uint32_t block = axonc_block_of(core, packets[0]);
    axonc_events_t events;
    uint32_t taken = 0;
    uint32_t added = 0;

    events.count = 0;
    do {
        list_events(core, packets + taken * words, there, &events);
        taken++;
    } while (taken < count && events.count + words - 1 <= BATCH &&
             axonc_block_of(core, packets[taken * words]) == block);
    for (uint32_t p = 0; p < source.count; p++) {
        const axonc_projection_t *to = &projections[p];

        added += axonc_add_graded_rows(core, to, axonc_window(core, to), &events);
    }
    core->status->macs += added;
    return taken;
}

/* Takes the first of some spikes and those of the same key block behind it; returns how many. */
static uint32_t take_spikes(axonc_core_t *core, const uint32_t *packets, uint32_t count)
{
    const uint32_t words = core->header->packet_words;
    const uint32_t block = axonc_block_of(core, packets[0]);
    uint32_t keys[BATCH];
    uint32_t taken = 0;

    while (taken < count && taken < BATCH &&
           axonc_block_of(core, packets[taken * words]) == block) {
        keys[taken] = packets[taken * words];
        taken++;
    }
    axonc_take_spikes(core, block, keys, taken);
    return taken;
}

/* Takes the first of some packets, and maybe others; returns how many. */
static uint32_t take_some(axonc_core_t *core, const uint32_t *packets, uint32_t count)
{
    const uint32_t block = axonc_block_of(core, packets[0]);

    if (block >= core->header->block_count) {
        core->status->stray++;
        return 1;
    }
    const axonc_source_t source = core->sources[block];

    return source.graded ? take_graded(core, source, packets, count)
                         : take_spikes(core, packets, count);
}

void axonc_take_packets(axonc_core_t *core, const uint32_t *packets, uint32_t count)
{
    const uint32_t words = core->header->packet_words;

    for (uint32_t taken = 0; taken < count;) {
        taken += take_some(core, packets + taken * words, count - taken);
    }
}
