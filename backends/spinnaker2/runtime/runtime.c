#include "runtime.h"

#include "platform.h"

/* Whether the data is what this runtime was built for, and as large as what was loaded. */
static bool data_is_good(const axonc_core_t *core)
{
    const axonc_header_t *header = core->header;
    const axonc_port_t *port = core->port;

    if (header->magic != AXONC_MAGIC || header->abi != AXONC_ABI || header->phases == 0) {
        return false;
    }
    return header->data_bytes == port->data_bytes && header->work_bytes == port->work_bytes;
}

/* Whether both event queues lie inside the work area. */
static bool queues_fit(const axonc_core_t *core)
{
    const axonc_header_t *header = core->header;
    const uint64_t bytes = (uint64_t)header->fifo_capacity * sizeof(uint32_t);

    return header->fifo_at[0] + bytes <= header->work_bytes &&
           header->fifo_at[1] + bytes <= header->work_bytes;
}

/* Zeroes the work area; the number of steps, which the host wrote there, survives. */
static void clear_work(axonc_core_t *core)
{
    uint32_t *words = axonc_work(core, 0);
    const uint32_t steps = core->status->steps;

    for (uint32_t i = 0; i < core->header->work_bytes / sizeof(uint32_t); i++) {
        words[i] = 0;
    }
    core->status->steps = steps;
}

/* Sets the clock of every population to where it stands at slot 0. */
static void reset_clocks(axonc_core_t *core)
{
    for (uint32_t i = 0; i < core->header->population_count; i++) {
        const axonc_population_t *population = &core->populations[i];
        axonc_clock_t *clock = axonc_work(core, population->clock_at);

        clock->head = population->first_head;
        clock->phase = population->first_phase;
    }
}

/* Moves the clock of every population on by one slot. */
static void advance_clocks(axonc_core_t *core)
{
    for (uint32_t i = 0; i < core->header->population_count; i++) {
        const axonc_population_t *population = &core->populations[i];
        axonc_clock_t *clock = axonc_work(core, population->clock_at);

        if (axonc_is_due(core, population)) {
            clock->step++;
        }
        clock->phase++;
        if (clock->phase == core->header->phases) {
            clock->phase = 0;
            clock->head = (clock->head + 1) & population->ring_mask;
        }
    }
}

void axonc_core_reset(axonc_core_t *core)
{
    const axonc_header_t *header = axonc_data(core, 0);

    core->header = header;
    core->status = axonc_work(core, 0);
    if (!data_is_good(core) || !queues_fit(core)) {
        axonc_platform_fail(core, AXONC_ERROR_BAD_DATA);
        return;
    }
    core->populations = axonc_data(core, header->populations_at);
    core->sources = axonc_data(core, header->sources_at);
    core->projections = axonc_data(core, header->projections_at);
    clear_work(core);
    reset_clocks(core);
}

void axonc_core_tick(axonc_core_t *core)
{
    axonc_receive(core);
    axonc_program(core);
    advance_clocks(core);
    core->status->slot++;
}
