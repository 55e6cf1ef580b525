#include "machine.h"

#include <stdlib.h>
#include <string.h>

/* Marsaglia's generator needs a state other than 0; the seed 0 is as good as any other. */
#define SEED_OFFSET UINT32_C(0x9E3779B9)
#define BOOTING UINT32_MAX

/* Frees a chip. */
void axonc_machine_free(machine_t *machine)
{
    for (uint32_t i = 0; i < machine->count; i++) {
        emulated_free(&machine->elements[i]);
    }
    free(machine->elements);
    free(machine->order);
    free(machine->memo);
    free(machine);
}

/* A chip of elements that are yet to be set up; NULL if there is no memory. */
machine_t *axonc_machine_new(uint32_t count, const routes_t *routes)
{
    machine_t *machine = calloc(1, sizeof *machine);

    if (machine == NULL) {
        return NULL;
    }
    machine->routes = *routes;
    machine->elements = calloc(count, sizeof *machine->elements);
    machine->order = calloc(count, sizeof *machine->order);
    machine->memo = calloc(UINT32_C(1) << MEMO_BITS, sizeof *machine->memo);
    if (!machine->elements || !machine->order || !machine->memo) {
        axonc_machine_free(machine);
        return NULL;
    }
    machine->count = count;
    return machine;
}

/* Gives an element its memory. */
void axonc_machine_memory(machine_t *machine, uint32_t core, const uint8_t *data, uint8_t *work,
                          void *port)
{
    element_t *element = &machine->elements[core];

    element->data = data;
    element->work = work;
    element->port = port;
    element->native.core = (axonc_core_t){.data = data, .work = work, .port = port};
}

/* Makes an element run code of the host. */
void axonc_machine_host(machine_t *machine, uint32_t core, void (*reset)(axonc_core_t *),
                        void (*tick)(axonc_core_t *))
{
    machine->elements[core].native.reset = reset;
    machine->elements[core].native.tick = tick;
}

/* Starts an element afresh. The core itself checks the data, which says where its queues lie. */
static void boot(element_t *element, const run_t *run)
{
    const axonc_header_t *header = (const void *)element->data;
    axonc_port_t *port = element->port;

    port->error = 0;
    port->tx_count = 0;
    port->rx_count[0] = 0;
    port->rx_count[1] = 0;
    port->restart = 0;
    status_of(element)->steps = run->steps;
    status_of(element)->samples = run->samples;
    element->fault = (fault_t){0};
    element->instructions = 0;
    element->capacity = header->fifo_capacity;
    element->queue[0] = (void *)(element->work + header->fifo_at[0]);
    element->queue[1] = (void *)(element->work + header->fifo_at[1]);
    if (element->is_emulated) {
        emulated_boot(element, run);
        return;
    }
    element->native.reset(&element->native.core);
    if (port->error != 0) {
        raise_fault(element, FAULT_CORE, port->error);
    }
}

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

/* One slot of a core. */
static void tick(element_t *element)
{
    element->instructions = 0;
    element->cycles = 0;
    if (element->is_emulated) {
        emulated_slot(element);
        return;
    }
    element->native.tick(&element->native.core);
    if (element->port->error != 0) {
        raise_fault(element, FAULT_CORE, element->port->error);
    }
}

/* Makes the fault of an element the fault of the run, if there is one; false then. */
static bool is_sound(machine_t *machine, uint32_t core)
{
    const fault_t *fault = &machine->elements[core].fault;

    if (fault->kind == FAULT_NONE) {
        return true;
    }
    machine->elements[core].is_on = false;
    machine->run->fault = *fault;
    machine->run->fault.core = core;
    machine->run->fault.slot = machine->slot;
    return false;
}

/* Whether no core has a fault: after packets went to many. */
static bool all_sound(machine_t *machine)
{
    for (uint32_t core = 0; core < machine->count; core++) {
        if (!is_sound(machine, core)) {
            return false;
        }
    }
    return true;
}

/* Makes room for more packets in the trace. */
static bool grow_trace(run_t *run, uint64_t more)
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

/* Appends a packet to the trace, which has room; without its parity. */
static void trace(run_t *run, uint32_t slot, const uint32_t *packet)
{
    uint32_t *place = run->trace_packets + run->trace_count * run->packet_words;

    memcpy(place, packet, run->packet_words * sizeof *place);
    place[0] &= ~(UINT32_C(1) << AXONC_PARITY_BIT);
    run->trace_slots[run->trace_count] = slot;
    run->trace_count++;
}

/* Takes what a core has sent: into the trace, and to whoever listens. */
static bool collect(machine_t *machine, element_t *element)
{
    run_t *run = machine->run;
    axonc_port_t *port = element->port;

    if (!grow_trace(run, port->tx_count / run->packet_words)) {
        return false;
    }
    for (uint32_t i = 0; i < port->tx_count; i += run->packet_words) {
        trace(run, machine->slot, port->tx + i);
        if (!route(machine, port->tx + i)) {
            return all_sound(machine);
        }
    }
    port->tx_count = 0;
    return true;
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

bool run_core(machine_t *machine, uint32_t core)
{
    run_t *run = machine->run;
    element_t *element = &machine->elements[core];
    const uint32_t parity = (machine->slot + 1) & 1;
    const uint32_t waiting = element->port->rx_count[parity];
    const size_t at = (size_t)machine->slot * machine->count + core;

    if (run->shuffle) {
        shuffle(element->queue[parity], waiting, run->packet_words, &machine->random);
    }
    tick(element);
    check_budget(element, run);
    run->instructions[at] = element->instructions;
    run->cycles[at] = element->cycles;
    run->received[at] = waiting;
    run->sent[at] = element->port->tx_count / run->packet_words;
    probe(machine, core);
    return is_sound(machine, core) && collect(machine, element);
}

bool inject(machine_t *machine)
{
    const run_t *run = machine->run;
    const uint32_t parity = (machine->slot & 1) << AXONC_PARITY_BIT;

    for (uint32_t i = run->input_starts[machine->slot]; i < run->input_starts[machine->slot + 1];
         i++) {
        uint32_t packet[1 + AXONC_PAYLOAD_WORDS];

        memcpy(packet, run->input_packets + (size_t)i * run->packet_words,
               run->packet_words * sizeof *packet);
        packet[0] |= parity;
        if (!route(machine, packet)) {
            return all_sound(machine);
        }
    }
    return true;
}

/* One slot of the chip. */
static bool run_slot(machine_t *machine)
{
    if (!inject(machine)) {
        return false;
    }
    if (!machine->run->in_order) {
        shuffle(machine->order, machine->count, 1, &machine->random);
    }
    for (uint32_t i = 0; i < machine->count; i++) {
        if (!run_core(machine, machine->order[i])) {
            return false;
        }
    }
    return true;
}

/* Starts every core afresh. */
static bool boot_all(machine_t *machine)
{
    machine->slot = BOOTING;
    for (uint32_t core = 0; core < machine->count; core++) {
        machine->order[core] = core;
        boot(&machine->elements[core], machine->run);
        if (!is_sound(machine, core)) {
            return false;
        }
    }
    return true;
}

/* Runs the chip from its reset; what stopped it, if anything did, is in run->fault. */
void axonc_machine_run(machine_t *machine, run_t *run)
{
    machine->run = run;
    machine->random = run->seed ^ SEED_OFFSET;
    machine->random = machine->random ? machine->random : SEED_OFFSET;
    if (!boot_all(machine)) {
        return;
    }
    if (run->links != NULL) {
        run_ahead(machine);
        return;
    }
    for (machine->slot = 0; machine->slot < run->slots; machine->slot++) {
        if (!run_slot(machine)) {
            return;
        }
    }
}

/* Frees the packets that a run recorded. */
void axonc_machine_free_trace(run_t *run)
{
    free(run->trace_slots);
    free(run->trace_packets);
}
