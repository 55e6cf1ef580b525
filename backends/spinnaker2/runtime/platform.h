/*
 * The porting surface: everything that differs between an emulated core, the host and silicon.
 *
 * A platform sets `data`, `work` and `port` of an axonc_core_t, calls axonc_core_reset once per
 * run and axonc_core_tick once per slot. A packet is header.packet_words words: a key, and the same
 * payload words in all of a program. Whatever carries events puts a packet that arrives into the
 * queue of its key's parity bit (header.fifo_at, in the work area) without disturbing the core.
 * The platform counts in status.dropped the packets that found no room, and in status.overruns the
 * slots that were not over when the next one began.
 */
#ifndef AXONC_PLATFORM_H
#define AXONC_PLATFORM_H

#include "runtime.h"

/* The number of packets that wait in the queue of this parity. */
uint32_t axonc_platform_waiting(const axonc_core_t *core, uint32_t parity);

/* Declares the queue of this parity empty: its packets have been read. */
void axonc_platform_release(axonc_core_t *core, uint32_t parity);

/* Sends one spike; the key holds the parity of the present slot. Its payload words, if any, are never read. */
void axonc_platform_send(axonc_core_t *core, uint32_t key);

/* Sends graded events: the key of their block's first neuron, and packet_words - 1 payload words. */
void axonc_platform_send_graded(axonc_core_t *core, uint32_t key, const uint32_t *payload);

/* Copies from this core's part of the DRAM, and returns when it is done; all of it in multiples of 16 bytes. */
void axonc_platform_fetch(const axonc_core_t *core, void *to, uint32_t from, uint32_t bytes);

/* Sleeps until the next slot begins, or until the host wants a new run. */
void axonc_platform_wait(void);

/* Whether the host wants a new run; true once for every time it does. Asked after each wait. */
bool axonc_platform_restart(axonc_core_t *core);

/* Reports why the core cannot go on; the host stops it. May return. */
void axonc_platform_fail(axonc_core_t *core, axonc_error_t error);

#endif
