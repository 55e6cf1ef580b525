/* The network port of a core: what it shares with the hardware that carries its events. */
#ifndef AXONC_PORT_H
#define AXONC_PORT_H

#include <stdint.h>

typedef struct {
    uint32_t data_bytes;  /* size of the data that was loaded */
    uint32_t work_bytes;  /* size of the work area that was set aside */
    uint32_t error;       /* axonc_error_t: why the core gave up, or 0 */
    uint32_t rx_count[2]; /* packets that the network put into each queue; the core zeroes it */
    uint32_t tx_capacity; /* words that fit into tx */
    uint32_t tx_count;    /* words of what the core has sent; the network zeroes it */
    uint32_t restart;     /* the host wants a new run from the reset state; the core zeroes it */
    uint32_t tx[];
} axonc_port_t;

#endif
