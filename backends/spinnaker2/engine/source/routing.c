#include "machine.h"

#define PARITY_MASK (UINT32_C(1) << AXONC_PARITY_BIT)

/* The first entry of the table that matches a key without parity, or the number of entries. */
static uint32_t search(const routes_t *routes, uint32_t key)
{
    uint32_t entry = 0;

    while (entry < routes->count && (key & routes->masks[entry]) != routes->keys[entry]) {
        entry++;
    }
    return entry;
}

/* A table of this many entries is searched faster than an entry is remembered. */
#define FEW_ENTRIES 4

/* The same, remembered: a neuron that spikes once spikes again. */
static uint32_t find_entry(machine_t *machine, uint32_t key)
{
    if (machine->routes.count <= FEW_ENTRIES) {
        return search(&machine->routes, key);
    }
    memo_t *memo = &machine->memo[key * UINT32_C(2654435769) >> (32 - MEMO_BITS)];

    if (!memo->known || memo->key != key) {
        memo->key = key;
        memo->entry = search(&machine->routes, key);
        memo->known = true;
    }
    return memo->entry;
}

/* The queue that a key enters: that of its parity, by which a slow core tells it from earlier ones. */
static uint32_t queue_of(const element_t *element, const run_t *run, uint32_t key)
{
    return run->ignore_parity ? (status_of(element)->slot + 1) & 1 : key >> AXONC_PARITY_BIT;
}

/* Puts a packet into a core's queue; false if it is full and that matters. */
static bool deliver(machine_t *machine, uint32_t core, const uint32_t *packet)
{
    element_t *element = &machine->elements[core];
    const uint32_t queue = queue_of(element, machine->run, packet[0]);
    const uint32_t words = machine->run->packet_words;
    uint32_t *count = &element->port->rx_count[queue];

    if (*count >= element->capacity) {
        status_of(element)->dropped++;
        if (!machine->run->keep_going) {
            const fault_t full = {.kind = FAULT_QUEUE_FULL, .detail = element->capacity};

            return stop(machine, core, &full);
        }
        return true;
    }
    uint32_t *place = element->queue[queue] + *count * words;

    for (uint32_t i = 0; i < words; i++) {
        place[i] = packet[i];
    }
    *count += 1;
    return true;
}

bool route(machine_t *machine, const uint32_t *packet)
{
    const routes_t *routes = &machine->routes;
    const uint32_t entry = find_entry(machine, packet[0] & ~PARITY_MASK);
    bool delivered = true;

    if (entry == routes->count) {
        machine->run->unrouted++;
        return true;
    }
    for (uint32_t i = routes->starts[entry]; delivered && i < routes->starts[entry + 1]; i++) {
        delivered = deliver(machine, routes->cores[i], packet);
    }
    return delivered;
}
