#include "neurons.h"

#include "arithmetic.h"
#include "platform.h"

/* A gate's argument in Q3.12, its value in Q0.15 and a cell lie within this. */
#define LIMIT INT32_C(32767)

/* 1 in Q0.15, and a half of its last place. */
#define UNIT_BITS 15u
#define UNIT (INT32_C(1) << UNIT_BITS)
#define HALF (UNIT / 2)

/* A population while its units are updated; `arguments`: of its gates in Q3.12, lane after lane. */
typedef struct {
    axonc_core_t *core;
    const axonc_population_t *population;
    const axonc_gated_t *gated;
    int32_t *arguments;
    uint32_t count;
} group_t;

/* Graded events on their way out: a packet is sent when its payload is full. No room: nobody listens. */
typedef struct {
    axonc_core_t *core;
    uint32_t key;
    uint32_t room;
    uint32_t count;
    uint32_t payload[AXONC_PAYLOAD_WORDS];
} sender_t;

/* Who sends what the units of a population give. */
static sender_t sender_of(axonc_core_t *core, const axonc_population_t *population)
{
    sender_t sender;

    sender.core = core;
    sender.key = axonc_event_key(core, population);
    sender.room = population->spikes == 0 ? 0 : core->header->packet_words - 1;
    sender.count = 0;
    return sender;
}

/* Sends a packet. Not inlined: the loops keep their registers. */
static __attribute__((noinline)) void send_packet(sender_t *sender)
{
    axonc_platform_send_graded(sender->core, sender->key, sender->payload);
    sender->count = 0;
}

/* Sends what a unit gives, which is not 0, now or in a later packet. */
AXONC_SPECIALISED void send(sender_t *sender, uint32_t unit, int32_t value)
{
    if (sender->room == 0) {
        return;
    }
    sender->payload[sender->count] = unit << 16 | ((uint32_t)value & 0xFFFFu);
    sender->count++;
    if (sender->count == sender->room) {
        send_packet(sender);
    }
}

/* Sends the last events, if some are left. */
static void send_rest(sender_t *sender)
{
    if (sender->count == 0) {
        return;
    }
    for (uint32_t i = sender->count; i < sender->room; i++) {
        sender->payload[i] = (uint32_t)AXONC_UNUSED << 16;
    }
    send_packet(sender);
}

/* A word clipped to LIMIT. */
AXONC_SPECIALISED int32_t clip(int32_t x)
{
    if (x > LIMIT) {
        return LIMIT;
    }
    return x < -LIMIT ? -LIMIT : x;
}

/* x * 2^up, clipped to a word. */
AXONC_SPECIALISED int32_t shift_up(int32_t x, uint32_t up)
{
    const int32_t most = INT32_MAX >> up;

    if (x > most) {
        return INT32_MAX;
    }
    return x < -most ? -INT32_MAX : (int32_t)((uint32_t)x << up);
}

/*
 * Turns the sums of a lane into arguments, in place. A multiplier is at least 2^30 wherever sums are shifted up: what
 * that clips is far beyond LIMIT. A requantised word is within 2^29, so that a bias can be added.
 */
AXONC_SPECIALISED void scale_lane(int32_t *restrict sums, const axonc_scale_t *restrict scales,
                                  uint32_t next, const int16_t *restrict biases, uint32_t count,
                                  bool plain)
{
    axonc_scale_t scale = *scales;

    for (uint32_t n = 0; n < count; n++) {
        if (next != 0) {
            scale = scales[n];
        }
        const int32_t sum = plain ? sums[n] : shift_up(sums[n], scale.up);

        sums[n] = clip(axonc_requantize_word(sum, scale.multiplier, scale.shift) + biases[n]);
    }
}

/* A population that is due, with the arguments of its first lanes; the sums of other lanes stay what they are. */
static group_t group_of(axonc_core_t *core, const axonc_population_t *population, uint32_t lanes)
{
    const axonc_gated_t *gated = axonc_data(core, population->membrane_at);
    const axonc_scale_t *scales = axonc_data(core, gated->scales_at);
    const int16_t *biases = axonc_data(core, gated->biases_at);
    const uint32_t count = population->count;
    int32_t *arguments = axonc_accumulators(core, population, 0);

    for (uint32_t lane = 0; lane < lanes; lane++) {
        int32_t *sums = arguments + lane * count;

        if (gated->scale_stride != 0) {
            scale_lane(sums, scales + lane * count, 1, biases + lane * count, count, false);
        } else if (scales[lane].up != 0) {
            scale_lane(sums, scales + lane, 0, biases + lane * count, count, false);
        } else {
            scale_lane(sums, scales + lane, 0, biases + lane * count, count, true);
        }
    }
    return (group_t){core, population, gated, arguments, count};
}

/* The argument of a gate of a unit, which is cleared: it is an accumulator again. */
AXONC_SPECIALISED int32_t take(const group_t *group, uint32_t lane, uint32_t unit)
{
    int32_t *place = &group->arguments[lane * group->count + unit];
    const int32_t taken = *place;

    *place = 0;
    return taken;
}

/* factor * x / 2^15, rounded half up, where the product is a word. */
AXONC_SPECIALISED int32_t scaled(int32_t factor, int32_t x)
{
    return axonc_shift_word(factor * x + HALF, UNIT_BITS);
}

/* The mean of x, with `frac` fractional bits, and g in Q0.15, with the weights p and q in Q0.15; rounded half up once. */
AXONC_SPECIALISED int32_t mix(int32_t p, int32_t x, int32_t q, int32_t g, uint32_t frac)
{
    const uint32_t shift = 2 * UNIT_BITS - frac;
    const int64_t half = INT64_C(1) << (shift - 1);
    const int64_t kept = (int64_t)p * (x * (INT32_C(1) << (UNIT_BITS - frac)));

    return axonc_shift_to_word(kept + (int64_t)q * g + half, shift);
}

/* Update and candidate of a unit. */
typedef struct {
    int32_t update;
    int32_t candidate;
} gates_t;

/* The gates of a unit, the reset acting on the recurrent sum. */
AXONC_SPECIALISED gates_t gates_after(const group_t *group, uint32_t n)
{
    const int32_t update = clip(take(group, 0, n) + take(group, 3, n));
    const int32_t reset = clip(take(group, 1, n) + take(group, 4, n));
    const int32_t recurrent = scaled(axonc_sigmoid(reset), take(group, 5, n));
    const int32_t candidate = clip(take(group, 2, n) + recurrent);

    return (gates_t){axonc_sigmoid(update), axonc_tanh(candidate)};
}

/* The gates of a unit, whose reset gate is elsewhere. */
AXONC_SPECIALISED gates_t gates_before(const group_t *group, uint32_t n)
{
    const int32_t update = take(group, 0, n);
    const int32_t candidate = take(group, 1, n);

    return (gates_t){axonc_sigmoid(update), axonc_tanh(candidate)};
}

/* The cells of a population that gives what is above a threshold. */
typedef struct {
    const int16_t *thresholds; /* NULL: it gives all of the cell */
    uint32_t stride;
    int16_t *cells;
    int16_t *given;
    uint32_t clipped;
} cells_t;

/* The cells of a population. */
static cells_t cells_of(const group_t *group)
{
    const axonc_gated_t *gated = group->gated;

    return (cells_t){
        .thresholds = gated->thresholds_at == 0 ? NULL : axonc_data(group->core, gated->thresholds_at),
        .stride = gated->threshold_stride,
        .cells = axonc_work(group->core, group->population->voltage_at),
        .given = axonc_work(group->core, group->population->current_at),
    };
}

/* Stores the next cell of a unit; returns what the unit gives. */
AXONC_SPECIALISED int32_t give(cells_t *cells, uint32_t n, int32_t cell)
{
    if (cells->thresholds == NULL) {
        cells->cells[n] = (int16_t)cell;
        return cell;
    }
    const int32_t threshold = cells->thresholds[n * cells->stride];
    int32_t given = 0;

    if (cell > threshold) {
        const int32_t after = clip(cell - threshold);

        given = cell;
        cells->clipped += after != cell - threshold;
        cell = after;
    }
    cells->cells[n] = (int16_t)cell;
    cells->given[n] = (int16_t)given;
    return given;
}

/* One step of GRU units. Where the reset gate acts is known when this is compiled into a kernel. */
AXONC_SPECIALISED void gru(const group_t *group, bool before)
{
    sender_t sender = sender_of(group->core, group->population);
    cells_t cells = cells_of(group);
    const int32_t zoneout = group->gated->zoneout;
    const uint32_t frac = group->gated->frac;

    for (uint32_t n = 0; n < group->count; n++) {
        const gates_t gates = before ? gates_before(group, n) : gates_after(group, n);
        const int32_t kept = zoneout + scaled(gates.update, UNIT - zoneout);
        const int32_t cell = mix(kept, cells.cells[n], UNIT - kept, gates.candidate, frac);
        const int32_t given = give(&cells, n, cell);

        if (given != 0) {
            send(&sender, n, given);
        }
    }
    send_rest(&sender);
    group->core->status->saturations += cells.clipped;
}

/* One step of a population of GRU units, if it is due. */
AXONC_SPECIALISED void update_gru(axonc_core_t *core, uint32_t index, bool before)
{
    const axonc_population_t *population = &core->populations[index];

    if (!axonc_is_due(core, population)) {
        return;
    }
    const group_t group = group_of(core, population, before ? 2 : 6);

    gru(&group, before);
}

void axonc_gru_after_q16(axonc_core_t *core, uint32_t population)
{
    update_gru(core, population, false);
}

void axonc_gru_before_q16(axonc_core_t *core, uint32_t population)
{
    update_gru(core, population, true);
}

void axonc_reset_gate_q16(axonc_core_t *core, uint32_t index)
{
    const axonc_population_t *population = &core->populations[index];

    if (!axonc_is_due(core, population)) {
        return;
    }
    const group_t group = group_of(core, population, 1);
    sender_t sender = sender_of(core, population);
    int16_t *given = axonc_work(core, population->voltage_at);

    for (uint32_t n = 0; n < group.count; n++) {
        const int32_t value = scaled(axonc_sigmoid(take(&group, 0, n)), take(&group, 1, n));

        given[n] = (int16_t)value;
        if (value != 0) {
            send(&sender, n, value);
        }
    }
    send_rest(&sender);
}

/* The next cell of an LSTM unit, before it is clipped. */
AXONC_SPECIALISED int32_t next_cell(const group_t *group, uint32_t n, int32_t cell)
{
    const int32_t input = axonc_sigmoid(take(group, 0, n));
    const int32_t forget = axonc_sigmoid(take(group, 2, n));
    const int32_t candidate = axonc_tanh(take(group, 3, n));

    return mix(forget, cell, input, candidate, group->gated->cell_frac);
}

void axonc_lstm_q16(axonc_core_t *core, uint32_t index)
{
    const axonc_population_t *population = &core->populations[index];

    if (!axonc_is_due(core, population)) {
        return;
    }
    const group_t group = group_of(core, population, 4);
    sender_t sender = sender_of(core, population);
    int16_t *cells = axonc_work(core, population->voltage_at);
    int16_t *given = axonc_work(core, population->current_at);
    const int32_t up = INT32_C(1) << (12 - group.gated->cell_frac);
    const uint32_t down = 2 * UNIT_BITS - group.gated->frac;
    uint32_t clipped = 0;

    for (uint32_t n = 0; n < group.count; n++) {
        const int32_t next = next_cell(&group, n, cells[n]);
        const int32_t cell = clip(next);
        const int32_t shown = axonc_tanh(clip(cell * up));
        const int32_t output = axonc_sigmoid(take(&group, 1, n));
        const int32_t value = axonc_shift_word(output * shown + (INT32_C(1) << (down - 1)), down);

        clipped += next != cell;
        cells[n] = (int16_t)cell;
        given[n] = (int16_t)value;
        if (value != 0) {
            send(&sender, n, value);
        }
    }
    send_rest(&sender);
    core->status->saturations += clipped;
}
