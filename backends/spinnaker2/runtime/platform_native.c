#include "platform.h"

/* The host calls the core: there is nothing to wait for. */
void axonc_platform_wait(void)
{
}

void axonc_platform_fail(axonc_core_t *core, axonc_error_t error)
{
    core->port->error = (uint32_t)error;
}
