#include "machine.h"

#define PARITY_MASK (UINT32_C(1) << AXONC_PARITY_BIT)
#define HALF_TURN (AXONC_LINKS / 2)

/* The place of a key in a sorted part of an array, or the end of the part. */
static uint32_t find(const uint32_t *keys, uint32_t first, uint32_t end, uint32_t key)
{
    const uint32_t last = end;

    while (first < end) {
        const uint32_t middle = first + (end - first) / 2;

        if (keys[middle] < key) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return first < last && keys[first] == key ? first : last;
}

/* The first entry of a chip's table that matches a key without parity, or NO_ENTRY. */
static uint32_t search(const routes_t *routes, uint32_t chip, uint32_t key)
{
    uint32_t best = NO_ENTRY;

    for (uint32_t i = routes->tables[chip]; i < routes->tables[chip + 1]; i++) {
        const uint32_t end = routes->groups[i + 1];
        const uint32_t at = find(routes->keys, routes->groups[i], end, key & routes->masks[i]);

        if (at < end && routes->entries[at] < best) {
            best = routes->entries[at];
        }
    }
    return best;
}

/* The same, remembered: a neuron that spikes once spikes again. */
static uint32_t find_entry(machine_t *machine, uint32_t chip, uint32_t key)
{
    const uint32_t hash = (key + chip * UINT32_C(0x9E3779B1)) * UINT32_C(2654435769);
    memo_t *memo = &machine->memo[hash >> (32 - MEMO_BITS)];

    if (!memo->known || memo->key != key || memo->chip != chip) {
        *memo = (memo_t){key, chip, search(&machine->routes, chip, key), true};
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

/* Delivers a packet to the cores of an entry; false if that stops the run. */
static bool deliver_all(machine_t *machine, uint32_t entry, const uint32_t *packet)
{
    const routes_t *routes = &machine->routes;
    bool delivered = true;

    machine->run->hops += routes->hops[entry];
    for (uint32_t i = routes->starts[entry]; delivered && i < routes->starts[entry + 1]; i++) {
        delivered = deliver(machine, routes->cores[i], packet);
    }
    return delivered;
}

/* Sends a packet over a link, to be looked at on the next chip; false if that stops the run. */
static bool cross(machine_t *machine, uint32_t chip, uint32_t link, uint32_t *waiting)
{
    run_t *run = machine->run;
    const uint32_t at = chip * AXONC_LINKS + link;
    const int32_t next = machine->routes.neighbours[at];
    uint32_t *crossed =
        &run->crossed[(size_t)machine->slot * machine->routes.chips * AXONC_LINKS + at];

    if (next < 0) {
        run->lost++;
        return true;
    }
    if (run->link_packets != 0 && *crossed >= run->link_packets) {
        const fault_t full = {.kind = FAULT_LINK_FULL, .detail = run->link_packets, .address = at};

        run->link_dropped[at]++;
        return run->keep_going || stop(machine, machine->sender, &full);
    }
    *crossed += 1;
    stop_t *stop = &machine->stops[*waiting];

    stop->chip = (uint32_t)next;
    stop->came_by = (int32_t)((link + HALF_TURN) % AXONC_LINKS);
    *waiting += 1;
    return true;
}

/* Where a packet goes on from a chip, a bit a link: as its entry says, or without one straight on. */
static uint32_t links_of(const machine_t *machine, uint32_t entry, int32_t came_by)
{
    if (entry != NO_ENTRY) {
        return machine->routes.links[entry];
    }
    return UINT32_C(1) << (((uint32_t)came_by + HALF_TURN) % AXONC_LINKS);
}

/* What the router of a chip does with a packet; false if that stops the run. */
static bool pass(machine_t *machine, stop_t at, const uint32_t *packet, uint32_t *waiting)
{
    const uint32_t entry = find_entry(machine, at.chip, packet[0] & ~PARITY_MASK);
    bool sound = true;

    if (entry == NO_ENTRY && at.came_by < 0) {
        machine->run->unrouted++;
        return true;
    }
    const uint32_t links = links_of(machine, entry, at.came_by);

    for (uint32_t link = 0; sound && link < AXONC_LINKS; link++) {
        sound = (links >> link & 1) == 0 || cross(machine, at.chip, link, waiting);
    }
    return sound && (entry == NO_ENTRY || deliver_all(machine, entry, packet));
}

bool route(machine_t *machine, uint32_t chip, const uint32_t *packet)
{
    uint32_t visited = 0;
    uint32_t waiting = 1;
    bool sound = true;

    machine->stops[0] = (stop_t){chip, -1};
    while (sound && waiting > 0) {
        if (visited == machine->routes.chips) { /* it came twice to a chip: it goes in circles */
            machine->run->lost += waiting;
            break;
        }
        waiting--;
        visited++;
        sound = pass(machine, machine->stops[waiting], packet, &waiting);
    }
    return sound;
}
