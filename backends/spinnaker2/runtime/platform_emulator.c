#include "platform.h"

void axonc_platform_wait(void)
{
    /* The port and the queues change while the core sleeps. */
    __asm__ volatile("wfi" ::: "memory");
}

void axonc_platform_fail(axonc_core_t *core, axonc_error_t error)
{
    core->port->error = (uint32_t)error;
    for (;;) {
        axonc_platform_wait();
    }
}
