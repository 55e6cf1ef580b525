#include <string.h>

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

/* A table of this many keys is searched faster than an entry is remembered. */
#define FEW_KEYS 4

static bool is_short(const routes_t *routes, uint32_t chip)
{
    const uint32_t *groups = routes->groups;

    return groups[routes->tables[chip + 1]] - groups[routes->tables[chip]] <= FEW_KEYS;
}

/* Where a key's entry is remembered. Keys of neighbours stay neighbours, so that they share cache lines. */
static uint32_t place_of(uint32_t chip, uint32_t key)
{
    const uint32_t salt = (chip * UINT32_C(0x9E3779B1)) ^ ((key >> MEMO_BITS) * UINT32_C(2654435769));

    return (key + (salt >> MEMO_BITS)) & ((UINT32_C(1) << MEMO_BITS) - 1);
}

/* The same, remembered: a neuron that spikes once spikes again. */
static uint32_t find_entry(machine_t *machine, uint32_t chip, uint32_t key)
{
    if (is_short(&machine->routes, chip)) {
        return search(&machine->routes, chip, key);
    }
    memo_t *memo = &machine->memo[place_of(chip, key)];

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

/* What a core's queue has room for, in packets of a key's parity. */
static uint32_t room_of(const machine_t *machine, uint32_t core, uint32_t key)
{
    const element_t *element = &machine->elements[core];

    return element->capacity - element->port->rx_count[queue_of(element, machine->run, key)];
}

/* Appends packets to a core's queue, which has room for them. */
static void append(machine_t *machine, uint32_t core, const uint32_t *packets, uint32_t count)
{
    element_t *element = &machine->elements[core];
    const uint32_t queue = queue_of(element, machine->run, packets[0]);
    const uint32_t words = machine->run->packet_words;
    uint32_t *filled = &element->port->rx_count[queue];

    memcpy(element->queue[queue] + *filled * words, packets, count * words * sizeof *packets);
    *filled += count;
}

/* Puts packets into a core's queue, one only if it may be full; false if it is and that matters. */
static bool deliver(machine_t *machine, uint32_t core, const uint32_t *packets, uint32_t count)
{
    element_t *element = &machine->elements[core];

    if (room_of(machine, core, packets[0]) > 0) {
        append(machine, core, packets, count);
        return true;
    }
    const fault_t full = {.kind = FAULT_QUEUE_FULL, .detail = element->capacity};

    status_of(element)->dropped++;
    return machine->run->keep_going || stop(machine, core, &full);
}

/* Delivers packets to the cores of an entry; false if that stops the run. */
static bool deliver_all(machine_t *machine, uint32_t entry, const uint32_t *packets, uint32_t count)
{
    const routes_t *routes = &machine->routes;
    bool delivered = true;

    machine->run->hops += (uint64_t)routes->hops[entry] * count;
    for (uint32_t i = routes->starts[entry]; delivered && i < routes->starts[entry + 1]; i++) {
        delivered = deliver(machine, routes->cores[i], packets, count);
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
    note_packet(machine, at);
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

    for (uint32_t link = 0; sound && links >> link != 0; link++) {
        sound = (links >> link & 1) == 0 || cross(machine, at.chip, link, waiting);
    }
    return sound && (entry == NO_ENTRY || deliver_all(machine, entry, packet, 1));
}

/* Takes a packet over the links that it has still to cross; false if that stops the run. */
static bool travel(machine_t *machine, const uint32_t *packet, uint32_t waiting)
{
    uint32_t visited = 1;
    bool sound = true;

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

/* How many of the packets that follow a packet, itself included, go where it goes. */
static uint32_t alike(machine_t *machine, uint32_t chip, const uint32_t *packets, uint32_t count,
                      uint32_t entry)
{
    const uint32_t words = machine->run->packet_words;
    uint32_t n = 1;

    while (n < count && find_entry(machine, chip, packets[n * words] & ~PARITY_MASK) == entry) {
        n++;
    }
    return n;
}

/* How many packets may go to all cores of an entry at once; 0: each must be looked at by itself. */
static uint32_t room_for(const machine_t *machine, uint32_t entry, uint32_t key)
{
    const routes_t *routes = &machine->routes;
    uint32_t room = entry == NO_ENTRY || routes->links[entry] != 0 ? 0 : UINT32_MAX;

    for (uint32_t i = 0; room > 0 && i < routes->starts[entry + 1] - routes->starts[entry]; i++) {
        const uint32_t here = room_of(machine, routes->cores[routes->starts[entry] + i], key);

        room = here < room ? here : room;
    }
    return room;
}

/* A packet by itself, over all the links that it takes; false if that stops the run. */
static bool route_one(machine_t *machine, uint32_t chip, const uint32_t *packet)
{
    uint32_t waiting = 0;
    const bool sound = pass(machine, (stop_t){chip, -1}, packet, &waiting);

    return sound && (waiting == 0 || travel(machine, packet, waiting));
}

bool route(machine_t *machine, uint32_t chip, const uint32_t *packets, uint32_t count)
{
    bool sound = true;

    while (sound && count > 0) {
        const uint32_t entry = find_entry(machine, chip, packets[0] & ~PARITY_MASK);
        const uint32_t room = room_for(machine, entry, packets[0]);
        uint32_t n = 1;

        if (room == 0) {
            sound = route_one(machine, chip, packets);
        } else {
            n = alike(machine, chip, packets, count < room ? count : room, entry);
            sound = deliver_all(machine, entry, packets, n);
        }
        packets += n * machine->run->packet_words;
        count -= n;
    }
    return sound;
}
