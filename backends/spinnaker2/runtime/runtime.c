#include "runtime.h"

#include "platform.h"

/* Whether the data is what this runtime was built for, and as large as what was loaded. */
static bool data_is_good(const axonc_core_t *core)
{
    const axonc_header_t *header = core->header;
    const axonc_port_t *port = core->port;

    if (header->magic != AXONC_MAGIC || header->abi != AXONC_ABI || header->phases == 0 ||
        header->packet_words == 0 || header->packet_words > 1 + AXONC_PAYLOAD_WORDS) {
        return false;
    }
    return header->data_bytes == port->data_bytes && header->work_bytes == port->work_bytes;
}

/* Whether both event queues and what a reset clears lie inside the work area. */
static bool work_fits(const axonc_core_t *core)
{
    const axonc_header_t *header = core->header;
    const uint64_t bytes = (uint64_t)header->fifo_capacity * header->packet_words * sizeof(uint32_t);

    return header->fifo_at[0] + bytes <= header->work_bytes &&
           header->fifo_at[1] + bytes <= header->work_bytes &&
           header->cleared_bytes <= header->work_bytes;
}

/* Zeroes the part of the work area that a run changes; what the host ordered survives. */
static void clear_work(axonc_core_t *core)
{
    uint32_t *words = axonc_work(core, 0);
    const uint32_t steps = core->status->steps;
    const uint32_t samples = core->status->samples;
    const uint32_t resumed = core->status->resumed;

    for (uint32_t i = 0; i < core->header->cleared_bytes / sizeof(uint32_t); i++) {
        words[i] = 0;
    }
    core->status->steps = steps;
    core->status->samples = samples;
    core->status->resumed = resumed;
}

void axonc_core_reset(axonc_core_t *core)
{
    const axonc_header_t *header = axonc_data(core, 0);

    core->header = header;
    core->status = axonc_work(core, 0);
    if (!data_is_good(core) || !work_fits(core)) {
        axonc_platform_fail(core, AXONC_ERROR_BAD_DATA);
        return;
    }
    core->populations = axonc_data(core, header->populations_at);
    core->sources = axonc_data(core, header->sources_at);
    core->projections = axonc_data(core, header->projections_at);
    clear_work(core);
    axonc_reset_clocks(core);
}

void axonc_core_tick(axonc_core_t *core)
{
    axonc_receive(core);
    if (core->header->list_at != 0) {
        axonc_send_listed(core);
    }
    axonc_begin_samples(core);
    axonc_program(core);
    axonc_advance_clocks(core);
    core->status->slot++;
}
