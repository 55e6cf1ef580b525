#include "platform.h"

uint32_t axonc_platform_waiting(const axonc_core_t *core, uint32_t parity)
{
    return core->port->rx_count[parity];
}

void axonc_platform_release(axonc_core_t *core, uint32_t parity)
{
    core->port->rx_count[parity] = 0;
}

bool axonc_platform_restart(axonc_core_t *core)
{
    const bool wanted = core->port->restart != 0;

    core->port->restart = 0;
    return wanted;
}

void axonc_platform_fetch(const axonc_core_t *core, void *to, uint32_t from, uint32_t bytes)
{
    const uint32_t *words = (const void *)(core->dram + from);
    uint32_t *copy = to;

    for (uint32_t i = 0; i < bytes / sizeof *copy; i++) {
        copy[i] = words[i];
    }
}

void axonc_platform_send(axonc_core_t *core, uint32_t key)
{
    const uint32_t words = core->header->packet_words;
    axonc_port_t *port = core->port;

    if (port->tx_capacity - port->tx_count < words) {
        axonc_platform_fail(core, AXONC_ERROR_QUEUE_OVERFLOW);
        return;
    }
    port->tx[port->tx_count] = key;
    port->tx_count += words;
    core->status->sent++;
}

void axonc_platform_send_graded(axonc_core_t *core, uint32_t key, const uint32_t *payload)
{
    const uint32_t words = core->header->packet_words;
    axonc_port_t *port = core->port;
    uint32_t *packet = port->tx + port->tx_count;

    if (port->tx_capacity - port->tx_count < words) {
        axonc_platform_fail(core, AXONC_ERROR_QUEUE_OVERFLOW);
        return;
    }
    packet[0] = key;
    for (uint32_t i = 1; i < words; i++) {
        packet[i] = payload[i - 1];
    }
    port->tx_count += words;
    core->status->sent++;
}
