#include "machine.h"

/* The place of a link's first burst. */
static burst_t *bursts_of(const machine_t *machine, uint32_t at)
{
    return machine->bursts + (size_t)at * (machine->count + 1);
}

void note_packet(machine_t *machine, uint32_t at)
{
    burst_t *bursts = bursts_of(machine, at);
    const uint32_t sender = machine->sender == HOST ? machine->count : machine->sender;
    uint32_t *count = &machine->burst_count[at];

    if (machine->run->link_cycles <= 0) {
        return;
    }
    if (*count == 0 || bursts[*count - 1].sender != sender) { /* a sender's packets come together */
        bursts[*count] = (burst_t){.sender = sender};
        *count += 1;
    }
    bursts[*count - 1].packets++;
}

/* What waits for a link when a burst is over: what all have sent until then, less what it carried. */
static double waiting(const machine_t *machine, uint32_t at, uint32_t burst)
{
    const double *cycles = machine->run->packet_cycles;
    const burst_t *bursts = bursts_of(machine, at);
    const double end = bursts[burst].packets * cycles[bursts[burst].sender];
    double sent = 0;

    for (uint32_t i = 0; i < machine->burst_count[at]; i++) {
        const double until = end / cycles[bursts[i].sender];

        sent += until < bursts[i].packets ? until : bursts[i].packets;
    }
    return sent - end / machine->run->link_cycles;
}

/* The most packets that waited for a link: what waits is largest where a burst is over, or nothing. */
static double most_waiting(const machine_t *machine, uint32_t at)
{
    double most = 0;

    for (uint32_t burst = 0; burst < machine->burst_count[at]; burst++) {
        const double here = waiting(machine, at, burst);

        most = here > most ? here : most;
    }
    return most;
}

bool settle_links(machine_t *machine)
{
    run_t *run = machine->run;
    bool sound = true;

    for (uint32_t at = 0; sound && at < machine->routes.chips * AXONC_LINKS; at++) {
        const double most = most_waiting(machine, at);

        machine->burst_count[at] = 0;
        run->link_waiting[at] = most > run->link_waiting[at] ? most : run->link_waiting[at];
        if (run->link_queue != 0 && most > run->link_queue && !run->keep_going) {
            const fault_t full = {.kind = FAULT_LINK_WAITING,
                                  .detail = (uint32_t)most,
                                  .address = at,
                                  .access = run->link_queue};

            sound = stop(machine, HOST, &full);
        }
    }
    return sound;
}
