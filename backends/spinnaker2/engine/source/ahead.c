#include <stdlib.h>

#include "machine.h"

/* The cores and, as the last node, the host that sends inputs: how many slots each has done. */
typedef struct {
    uint32_t count;
    uint32_t *done;
    uint32_t *order;
} progress_t;

/* Whether a node has slots left and no node that it is linked to is behind it. */
static bool may_run(const progress_t *progress, const run_t *run, uint32_t node)
{
    const uint8_t *links = run->links + (size_t)node * progress->count;
    bool ready = progress->done[node] < run->slots;

    for (uint32_t other = 0; ready && other < progress->count; other++) {
        ready = !links[other] || progress->done[other] >= progress->done[node];
    }
    return ready;
}

/* A random node among those that may run; there is one, since the slowest may. */
static uint32_t pick(machine_t *machine, const progress_t *progress)
{
    uint32_t at = 0;

    shuffle(progress->order, progress->count, 1, &machine->random);
    while (!may_run(progress, machine->run, progress->order[at])) {
        at++;
    }
    return progress->order[at];
}

/* Runs all slots of all nodes. */
static bool run_nodes(machine_t *machine, progress_t *progress)
{
    const uint64_t all = (uint64_t)progress->count * machine->run->slots;

    for (uint64_t i = 0; i < all; i++) {
        const uint32_t node = pick(machine, progress);

        machine->slot = progress->done[node];
        if (!(node == machine->count ? inject(machine) : run_core(machine, node))) {
            return false;
        }
        progress->done[node]++;
    }
    return true;
}

bool run_ahead(machine_t *machine)
{
    progress_t progress = {.count = machine->count + 1};
    bool sound = false;

    progress.done = calloc(progress.count, sizeof *progress.done);
    progress.order = calloc(progress.count, sizeof *progress.order);
    if (progress.done == NULL || progress.order == NULL) {
        machine->run->fault.kind = FAULT_NO_MEMORY;
    } else {
        for (uint32_t node = 0; node < progress.count; node++) {
            progress.order[node] = node;
        }
        sound = run_nodes(machine, &progress);
    }
    free(progress.done);
    free(progress.order);
    return sound;
}
