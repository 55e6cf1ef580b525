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
    free(machine->stops);
    free(machine->bursts);
    free(machine->burst_count);
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
    const size_t links = (size_t)routes->chips * AXONC_LINKS;
    machine->stops = calloc(links + 1, sizeof *machine->stops);
    machine->bursts = calloc(links * (count + 1), sizeof *machine->bursts);
    machine->burst_count = calloc(links, sizeof *machine->burst_count);
    if (!machine->elements || !machine->order || !machine->memo || !machine->stops ||
        !machine->bursts || !machine->burst_count) {
        axonc_machine_free(machine);
        return NULL;
    }
    machine->count = count;
    return machine;
}

/* Gives an element its memory. */
void axonc_machine_memory(machine_t *machine, uint32_t core, const uint8_t *data, uint8_t *work,
                          void *port, const uint8_t *dram)
{
    element_t *element = &machine->elements[core];

    element->data = data;
    element->work = work;
    element->port = port;
    element->native.core =
        (axonc_core_t){.data = data, .work = work, .port = port, .dram = dram};
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
    status_of(element)->samples = run->samples + run->resumed;
    status_of(element)->resumed = run->resumed;
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

bool stop(machine_t *machine, uint32_t core, const fault_t *fault)
{
    machine->run->fault = *fault;
    machine->run->fault.core = core;
    machine->run->fault.slot = machine->slot;
    return false;
}

/* Writes what the host has for the cores before slot 0. */
static void write_all(machine_t *machine)
{
    const run_t *run = machine->run;
    const uint8_t *from = run->written;

    for (uint32_t i = 0; i < run->write_count; i++) {
        memcpy(machine->elements[run->write_cores[i]].work + run->write_offsets[i], from,
               run->write_bytes[i]);
        from += run->write_bytes[i];
    }
}

/* Starts every core afresh, then writes what the host has for them. */
static bool boot_all(machine_t *machine)
{
    machine->slot = BOOTING;
    for (uint32_t core = 0; core < machine->count; core++) {
        machine->order[core] = core;
        boot(&machine->elements[core], machine->run);
        if (machine->elements[core].fault.kind != FAULT_NONE) {
            return stop(machine, core, &machine->elements[core].fault);
        }
    }
    write_all(machine);
    return true;
}

/* Runs slot after slot, until something stops the run; false then. */
static bool run_slots(machine_t *machine)
{
    bool sound = true;

    machine->team = team_new(machine->run->threads, compute_rest, machine);
    for (machine->slot = 0; sound && machine->slot < machine->run->slots; machine->slot++) {
        sound = run_slot(machine);
    }
    team_free(machine->team);
    return sound;
}

/* Cores with a fault are to be switched on anew, whether it is the one that the run tells of or not. */
static void switch_off_faulty(machine_t *machine)
{
    for (uint32_t core = 0; core < machine->count; core++) {
        element_t *element = &machine->elements[core];

        element->is_on = element->is_on && element->fault.kind == FAULT_NONE;
    }
}

/* Runs the chip from its reset; what stopped it, if anything did, is in run->fault. */
void axonc_machine_run(machine_t *machine, run_t *run)
{
    machine->run = run;
    memset(machine->burst_count, 0,
           (size_t)machine->routes.chips * AXONC_LINKS * sizeof *machine->burst_count);
    machine->random = run->seed ^ SEED_OFFSET;
    machine->random = machine->random ? machine->random : SEED_OFFSET;
    const bool sound =
        boot_all(machine) && (run->links != NULL ? run_ahead(machine) : run_slots(machine));

    if (!sound) {
        switch_off_faulty(machine);
    }
}
