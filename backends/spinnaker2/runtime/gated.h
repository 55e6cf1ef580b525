/* What the kernels of gated units share, unit by unit on a core and tile by tile on a host. */
#ifndef AXONC_GATED_H
#define AXONC_GATED_H

#include "arithmetic.h"
#include "neurons.h"
#include "platform.h"

/* A gate's argument in Q3.12, its value in Q0.15 and a cell lie within this. */
#define AXONC_LIMIT INT32_C(32767)

/* 1 in Q0.15, and a half of its last place. */
#define AXONC_UNIT_BITS 15u
#define AXONC_UNIT (INT32_C(1) << AXONC_UNIT_BITS)
#define AXONC_HALF (AXONC_UNIT / 2)

/* A population while its units are updated; `arguments`: of its gates in Q3.12, lane after lane. */
typedef struct {
    axonc_core_t *core;
    const axonc_population_t *population;
    const axonc_gated_t *gated;
    int32_t *arguments;
    uint32_t count;
} axonc_group_t;

/* Graded events on their way out: a packet is sent when its payload is full. No room: nobody listens. */
typedef struct {
    axonc_core_t *core;
    uint32_t key;
    uint32_t room;
    uint32_t count;
    uint32_t payload[AXONC_PAYLOAD_WORDS];
} axonc_sender_t;

/* Who sends what the units of a population give. */
static inline axonc_sender_t axonc_sender_of(axonc_core_t *core, const axonc_population_t *population)
{
    axonc_sender_t sender;

    sender.core = core;
    sender.key = axonc_event_key(core, population);
    sender.room = population->spikes == 0 ? 0 : core->header->packet_words - 1;
    sender.count = 0;
    return sender;
}

/* Sends a packet. Not inlined: the loops keep their registers. */
static __attribute__((noinline)) void axonc_send_packet(axonc_sender_t *sender)
{
    axonc_platform_send_graded(sender->core, sender->key, sender->payload);
    sender->count = 0;
}

/* Sends what a unit gives, which is not 0, now or in a later packet. */
AXONC_SPECIALISED void axonc_send_value(axonc_sender_t *sender, uint32_t unit, int32_t value)
{
    if (sender->room == 0) {
        return;
    }
    sender->payload[sender->count] = unit << 16 | ((uint32_t)value & 0xFFFFu);
    sender->count++;
    if (sender->count == sender->room) {
        axonc_send_packet(sender);
    }
}

/* Sends the last events, if some are left. */
static inline void axonc_send_rest(axonc_sender_t *sender)
{
    if (sender->count == 0) {
        return;
    }
    for (uint32_t i = sender->count; i < sender->room; i++) {
        sender->payload[i] = (uint32_t)AXONC_UNUSED << 16;
    }
    axonc_send_packet(sender);
}

/* A word clipped to AXONC_LIMIT. */
AXONC_SPECIALISED int32_t axonc_clip(int32_t x)
{
    if (x > AXONC_LIMIT) {
        return AXONC_LIMIT;
    }
    return x < -AXONC_LIMIT ? -AXONC_LIMIT : x;
}

/* x * 2^up, clipped to a word. */
AXONC_SPECIALISED int32_t axonc_shift_up(int32_t x, uint32_t up)
{
    const int32_t most = INT32_MAX >> up;

    if (x > most) {
        return INT32_MAX;
    }
    return x < -most ? -INT32_MAX : (int32_t)((uint32_t)x << up);
}

/*
 * Turns the sums of a lane into arguments, in place. A multiplier is at least 2^30 wherever sums are shifted up: what
 * that clips is far beyond AXONC_LIMIT. A requantised word is within 2^29, so that a bias can be added.
 */
AXONC_SPECIALISED void axonc_scale_lane(int32_t *restrict sums, const axonc_scale_t *restrict scales,
                                  uint32_t next, const int16_t *restrict biases, uint32_t count,
                                  bool plain)
{
    axonc_scale_t scale = *scales;

    for (uint32_t n = 0; n < count; n++) {
        if (next != 0) {
            scale = scales[n];
        }
        const int32_t sum = plain ? sums[n] : axonc_shift_up(sums[n], scale.up);

        sums[n] = axonc_clip(axonc_requantize_word(sum, scale.multiplier, scale.shift) + biases[n]);
    }
}

/* A population that is due, with the arguments of its first lanes; the sums of other lanes stay what they are. */
static inline axonc_group_t axonc_group_of(axonc_core_t *core, const axonc_population_t *population, uint32_t lanes)
{
    const axonc_gated_t *gated = axonc_data(core, population->membrane_at);
    const axonc_scale_t *scales = axonc_data(core, gated->scales_at);
    const int16_t *biases = axonc_data(core, gated->biases_at);
    const uint32_t count = population->count;
    int32_t *arguments = axonc_accumulators(core, population, 0);

    for (uint32_t lane = 0; lane < lanes; lane++) {
        int32_t *sums = arguments + lane * count;

        if (gated->scale_stride != 0) {
            axonc_scale_lane(sums, scales + lane * count, 1, biases + lane * count, count, false);
        } else if (scales[lane].up != 0) {
            axonc_scale_lane(sums, scales + lane, 0, biases + lane * count, count, false);
        } else {
            axonc_scale_lane(sums, scales + lane, 0, biases + lane * count, count, true);
        }
    }
    return (axonc_group_t){core, population, gated, arguments, count};
}

/* factor * x / 2^15, rounded half up, where the product is a word. */
AXONC_SPECIALISED int32_t axonc_scaled(int32_t factor, int32_t x)
{
    return axonc_shift_word(factor * x + AXONC_HALF, AXONC_UNIT_BITS);
}

/* The mean of x, with `frac` fractional bits, and g in Q0.15, with the weights p and q in Q0.15; rounded half up once. */
AXONC_SPECIALISED int32_t axonc_mix(int32_t p, int32_t x, int32_t q, int32_t g, uint32_t frac)
{
    const uint32_t shift = 2 * AXONC_UNIT_BITS - frac;
    const int64_t half = INT64_C(1) << (shift - 1);
    const int64_t kept = (int64_t)p * (x * (INT32_C(1) << (AXONC_UNIT_BITS - frac)));

    return axonc_shift_to_word(kept + (int64_t)q * g + half, shift);
}

/* The cells of a population that gives what is above a threshold. */
typedef struct {
    const int16_t *thresholds; /* NULL: it gives all of the cell */
    uint32_t stride;
    int16_t *cells;
    int16_t *given;
    uint32_t clipped;
} axonc_cells_t;

/* The cells of a population. */
static inline axonc_cells_t axonc_cells_of(const axonc_group_t *group)
{
    const axonc_gated_t *gated = group->gated;

    return (axonc_cells_t){
        .thresholds = gated->thresholds_at == 0 ? NULL : axonc_data(group->core, gated->thresholds_at),
        .stride = gated->threshold_stride,
        .cells = axonc_work(group->core, group->population->voltage_at),
        .given = axonc_work(group->core, group->population->current_at),
    };
}

#endif
