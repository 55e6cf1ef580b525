#include <stdlib.h>
#include <string.h>

#include "machine.h"

/* Makes room for more packets. */
static bool grow(run_t *run, uint64_t more)
{
    while (run->trace_count + more > run->trace_room) {
        const uint64_t room = run->trace_room == 0 ? 4096 : 2 * run->trace_room;
        uint32_t *slots = realloc(run->trace_slots, room * sizeof *slots);

        run->trace_slots = slots ? slots : run->trace_slots;
        uint32_t *packets =
            realloc(run->trace_packets, room * run->packet_words * sizeof *packets);

        run->trace_packets = packets ? packets : run->trace_packets;
        if (slots == NULL || packets == NULL) {
            run->fault.kind = FAULT_NO_MEMORY;
            return false;
        }
        run->trace_room = room;
    }
    return true;
}

bool trace(run_t *run, uint32_t slot, const uint32_t *packets, uint32_t count)
{
    const uint32_t words = run->packet_words;

    if (!grow(run, count)) {
        return false;
    }
    uint32_t *place = run->trace_packets + run->trace_count * words;
    uint32_t *slots = run->trace_slots + run->trace_count;

    memcpy(place, packets, (size_t)count * words * sizeof *place);
    for (uint32_t i = 0; i < count; i++) {
        place[i * words] &= ~(UINT32_C(1) << AXONC_PARITY_BIT);
        slots[i] = slot;
    }
    run->trace_count += count;
    return true;
}

/* Frees the packets that a run recorded. */
void axonc_machine_free_trace(run_t *run)
{
    free(run->trace_slots);
    free(run->trace_packets);
}
