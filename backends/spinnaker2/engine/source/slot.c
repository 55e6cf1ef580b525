#include <string.h>

#include "machine.h"

/* Counts a slot that took longer than a tick, which stops the run unless it is to go on. */
static void check_budget(element_t *element, const run_t *run)
{
    if (run->tick_cycles == 0 || element->cycles <= run->tick_cycles) {
        return;
    }
    status_of(element)->overruns++;
    if (!run->keep_going && element->fault.kind == FAULT_NONE) {
        raise_fault(element, FAULT_OVERRUN, (uint32_t)element->cycles);
        element->fault.address = (uint32_t)run->tick_cycles;
    }
}

/* Runs the program of a core for one slot. */
static void tick(element_t *element)
{
    element->instructions = 0;
    element->cycles = 0;
    element->fetches = status_of(element)->fetches;
    element->fetched = status_of(element)->fetched;
    if (element->is_emulated) {
        emulated_slot(element);
        return;
    }
    element->native.tick(&element->native.core);
    if (element->port->error != 0) {
        raise_fault(element, FAULT_CORE, element->port->error);
    }
}

/* Adds the cycles for which an emulated core waited for DRAM; what it took to copy is counted already. */
static void wait_for_dram(element_t *element, const run_t *run)
{
    const axonc_status_t *status = status_of(element);
    const uint64_t bytes = status->fetched - element->fetched;

    if (element->is_emulated) {
        element->cycles += (status->fetches - element->fetches) * run->fetch_cycles;
        element->cycles += bytes * run->fetch_kib_cycles / 1024;
    }
}

/* Copies what the probes of a core look at. */
static void probe(machine_t *machine, uint32_t core)
{
    const run_t *run = machine->run;

    for (uint32_t i = 0; i < run->probe_count; i++) {
        const size_t bytes = run->probe_bytes[i];

        if (run->probe_cores[i] == core) {
            memcpy(run->probe_rows[i] + machine->slot * bytes,
                   machine->elements[core].work + run->probe_offsets[i], bytes);
        }
    }
}

/* The queue that cores read in this slot: what was sent in the slot before. */
static uint32_t queue_to_read(const machine_t *machine)
{
    return (machine->slot + 1) & 1;
}

/* Puts the events of a core in the order in which it is to read them. */
static void arrange(machine_t *machine, uint32_t core)
{
    element_t *element = &machine->elements[core];
    const uint32_t queue = queue_to_read(machine);

    if (machine->run->shuffle) {
        shuffle(element->queue[queue], element->port->rx_count[queue], machine->run->packet_words,
                &machine->random);
    }
}

/* What a core does in a slot, up to the packets that it wants to send. Touches only the core and its
   records, so that threads may compute several at a time. */
static void compute(machine_t *machine, uint32_t core)
{
    run_t *run = machine->run;
    element_t *element = &machine->elements[core];
    const size_t at = (size_t)machine->slot * machine->count + core;

    run->received[at] = element->port->rx_count[queue_to_read(machine)];
    tick(element);
    wait_for_dram(element, run);
    check_budget(element, run);
    run->instructions[at] = element->instructions;
    run->cycles[at] = element->cycles;
    run->sent[at] = element->port->tx_count / run->packet_words;
    probe(machine, core);
}

/* Takes what a core has sent: into the trace, and to whoever listens. False if that stops the run. */
static bool collect(machine_t *machine, uint32_t core)
{
    run_t *run = machine->run;
    element_t *element = &machine->elements[core];
    axonc_port_t *port = element->port;

    if (element->fault.kind != FAULT_NONE) {
        return stop(machine, core, &element->fault);
    }
    const uint32_t sent = port->tx_count / run->packet_words;

    if (!trace(run, machine->slot, port->tx, sent)) {
        return false;
    }
    machine->sender = core;
    run->hops += (uint64_t)machine->routes.depth_of[core] * sent;
    port->tx_count = 0;
    return route(machine, machine->routes.chip_of[core], port->tx, sent);
}

bool run_core(machine_t *machine, uint32_t core)
{
    arrange(machine, core);
    compute(machine, core);
    return collect(machine, core);
}

bool inject(machine_t *machine)
{
    const run_t *run = machine->run;
    const uint32_t end = run->input_starts[machine->slot + 1];
    uint32_t first = run->input_starts[machine->slot];
    bool sound = true;

    machine->sender = HOST;
    while (sound && first < end) {
        const uint32_t chip = run->input_chips[first];
        uint32_t next = first + 1;

        while (next < end && run->input_chips[next] == chip) {
            next++;
        }
        sound = route(machine, chip, run->input_packets + (size_t)first * run->packet_words,
                      next - first);
        first = next;
    }
    return sound;
}

void compute_rest(void *context)
{
    machine_t *machine = context;
    uint_fast32_t at = atomic_fetch_add(&machine->at, 1);

    for (; at < machine->count; at = atomic_fetch_add(&machine->at, 1)) {
        compute(machine, machine->order[at]);
    }
}

/* All cores compute, side by side where there are threads; then their packets travel, in their order. */
static bool run_together(machine_t *machine)
{
    bool sound = true;

    for (uint32_t i = 0; i < machine->count; i++) {
        arrange(machine, machine->order[i]);
    }
    atomic_store(&machine->at, 0);
    if (machine->team != NULL) {
        team_run(machine->team);
    } else {
        compute_rest(machine);
    }
    for (uint32_t i = 0; sound && i < machine->count; i++) {
        sound = collect(machine, machine->order[i]);
    }
    return sound;
}

/* One core after the other, each delivering before the next begins. */
static bool run_in_turn(machine_t *machine)
{
    bool sound = true;

    for (uint32_t i = 0; sound && i < machine->count; i++) {
        sound = run_core(machine, machine->order[i]);
    }
    return sound;
}

bool run_slot(machine_t *machine)
{
    if (!inject(machine)) {
        return false;
    }
    if (!machine->run->in_order) {
        shuffle(machine->order, machine->count, 1, &machine->random);
    }
    /* Without parity an event may reach a core that has yet to run. */
    return (machine->run->ignore_parity ? run_in_turn(machine) : run_together(machine)) &&
           settle_links(machine);
}
