/*
 * The porting surface: everything that differs between an emulated core, the host and silicon.
 *
 * A platform sets `data`, `work` and `port` of an axonc_core_t, calls axonc_core_reset once per
 * sample and axonc_core_tick once per slot. Whatever carries events puts a key that arrives into
 * the queue of its parity bit (header.fifo_at, in the work area) without disturbing the core.
 */
#ifndef AXONC_PLATFORM_H
#define AXONC_PLATFORM_H

#include "runtime.h"

/* The number of keys that wait in the queue of this parity. */
uint32_t axonc_platform_waiting(const axonc_core_t *core, uint32_t parity);

/* Declares the queue of this parity empty: its keys have been read. */
void axonc_platform_release(axonc_core_t *core, uint32_t parity);

/* Sends one event; the key holds the parity of the present slot. */
void axonc_platform_send(axonc_core_t *core, uint32_t key);

/* Sleeps until the next slot begins. */
void axonc_platform_wait(void);

/* Reports why the core cannot go on; the host stops it. May return. */
void axonc_platform_fail(axonc_core_t *core, axonc_error_t error);

#endif
