#include "platform.h"
#include "runtime.h"

/* The work area starts on a page of its own, so that the data can be read-only. */
#define PAGE_BYTES 1024u

/* Defined by the linker script. */
extern const uint8_t axonc_data_start[];
extern axonc_port_t axonc_port;
extern const uint8_t axonc_dram[];

/* The address of the work area: the first page above the data. */
static uint8_t *work_start(void)
{
    const uintptr_t data_end = (uintptr_t)axonc_data_start + axonc_port.data_bytes;

    return (uint8_t *)((data_end + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES);
}

/* Boots the core, then runs one slot after every wake-up, or begins again where the host says so. */
int main(void)
{
    axonc_core_t core = {
        .data = axonc_data_start,
        .work = work_start(),
        .port = &axonc_port,
        .dram = axonc_dram,
    };

    axonc_core_reset(&core);
    for (;;) {
        axonc_platform_wait();
        if (axonc_platform_restart(&core)) {
            axonc_core_reset(&core);
        } else {
            axonc_core_tick(&core);
        }
    }
}
