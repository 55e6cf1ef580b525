/* Gated units on a host, a tile at a time: loops that vectorise, one for each part of the formula. */
#include "gated.h"

/* Units of a tile. */
#define TILE 256u

/* A number for each unit of a tile. */
typedef int32_t tile_t[TILE];

/* The part of a population that is updated at a time. */
typedef struct {
    const axonc_group_t *group;
    uint32_t first;
    uint32_t count;
} part_t;

/* The part of a population from a unit on. */
static part_t part_from(const axonc_group_t *group, uint32_t first)
{
    const uint32_t rest = group->count - first;

    return (part_t){group, first, rest < TILE ? rest : TILE};
}

/* The arguments of a gate. */
static int32_t *lane_of(const part_t *part, uint32_t lane)
{
    return part->group->arguments + lane * part->group->count + part->first;
}

/* Moves the arguments of a gate, which are cleared: they are accumulators again. */
static void take(const part_t *part, uint32_t lane, int32_t *restrict taken)
{
    int32_t *restrict from = lane_of(part, lane);

    for (uint32_t n = 0; n < part->count; n++) {
        taken[n] = from[n];
        from[n] = 0;
    }
}

/* The same for a gate whose argument has two parts. */
static void take_sum(const part_t *part, uint32_t lane, uint32_t other, int32_t *restrict taken)
{
    int32_t *restrict from = lane_of(part, lane);
    int32_t *restrict also = lane_of(part, other);

    for (uint32_t n = 0; n < part->count; n++) {
        taken[n] = axonc_clip(from[n] + also[n]);
        from[n] = 0;
        also[n] = 0;
    }
}

/* The candidates' arguments: those of the inputs, and the recurrent ones times the reset gate. */
static void take_reset(const part_t *part, const int32_t *restrict reset, int32_t *restrict taken)
{
    int32_t *restrict from = lane_of(part, 2);
    int32_t *restrict back = lane_of(part, 5);

    for (uint32_t n = 0; n < part->count; n++) {
        taken[n] = axonc_clip(from[n] + axonc_scaled(reset[n], back[n]));
        from[n] = 0;
        back[n] = 0;
    }
}

/* A table at every x, in place: neighbouring entries are read one by one, vectors do what lies between them. */
static void look_up(const int16_t *restrict table, int32_t *restrict x, uint32_t count)
{
    uint16_t pairs[2 * TILE];

    for (uint32_t n = 0; n < count; n++) {
        __builtin_memcpy(pairs + 2 * n, table + ((uint32_t)(x[n] + (1 << 15)) >> 7), 4);
    }
    for (uint32_t n = 0; n < count; n++) {
        const int32_t low = (int16_t)pairs[2 * n];
        const uint32_t step = (uint32_t)((int16_t)pairs[2 * n + 1] - low);
        const uint32_t beyond = (uint32_t)(x[n] + (1 << 15)) & 127u;

        x[n] = low + (int32_t)((step * beyond + 64u) >> 7);
    }
}

/* Sends what is not 0. */
static void send_all(axonc_sender_t *sender, const part_t *part, const int32_t *restrict values)
{
    uint32_t places[TILE];
    uint32_t found = 0;

    for (uint32_t n = 0; n < part->count; n++) {
        places[found] = n;
        found += values[n] != 0;
    }
    for (uint32_t i = 0; i < found; i++) {
        axonc_send_value(sender, part->first + places[i], values[places[i]]);
    }
}

/* Update gates and candidates of GRU units. Where the reset gate acts is known when this is compiled into a kernel. */
AXONC_SPECIALISED void gates_of(const part_t *part, bool before, int32_t *update, int32_t *candidate)
{
    if (before) {
        take(part, 0, update);
        take(part, 1, candidate);
    } else {
        tile_t reset;

        take_sum(part, 1, 4, reset);
        look_up(axonc_sigmoid_table, reset, part->count);
        take_sum(part, 0, 3, update);
        take_reset(part, reset, candidate);
    }
    look_up(axonc_sigmoid_table, update, part->count);
    look_up(axonc_tanh_table, candidate, part->count);
}

/* The next cells of GRU units, in place of their update gates. */
static void mix_cells(const part_t *part, int32_t *restrict update,
                      const int32_t *restrict candidate, const int16_t *restrict cells)
{
    const int32_t zoneout = part->group->gated->zoneout;
    const uint32_t frac = part->group->gated->frac;

    for (uint32_t n = 0; n < part->count; n++) {
        const int32_t kept = zoneout + axonc_scaled(update[n], AXONC_UNIT - zoneout);

        update[n] = axonc_mix(kept, cells[n], AXONC_UNIT - kept, candidate[n], frac);
    }
}

/* Stores cells. */
static void store(int16_t *restrict cells, const int32_t *restrict values, uint32_t count)
{
    for (uint32_t n = 0; n < count; n++) {
        cells[n] = (int16_t)values[n];
    }
}

/*
 * Stores cells less what they give, and that: the cell, where it is above its threshold, in place. Returns how many
 * were clipped.
 */
AXONC_SPECIALISED uint32_t give(const int16_t *restrict thresholds, uint32_t stride,
                                int32_t *restrict values, int16_t *restrict cells,
                                int16_t *restrict given, uint32_t count)
{
    uint32_t clipped = 0;

    for (uint32_t n = 0; n < count; n++) {
        const int32_t threshold = thresholds[n * stride];
        const bool above = values[n] > threshold;
        const int32_t after = values[n] - (above ? threshold : 0);
        const int32_t cell = above ? axonc_clip(after) : after;

        clipped += cell != after;
        cells[n] = (int16_t)cell;
        values[n] = above ? values[n] : 0;
        given[n] = (int16_t)values[n];
    }
    return clipped;
}

/* Stores the next cells of a part; what they give takes their place. */
static void store_part(axonc_cells_t *all, const part_t *part, int32_t *values)
{
    int16_t *cells = all->cells + part->first;
    int16_t *given = all->given + part->first;

    if (all->thresholds == NULL) {
        store(cells, values, part->count);
    } else if (all->stride == 0) {
        all->clipped += give(all->thresholds, 0, values, cells, given, part->count);
    } else {
        all->clipped +=
            give(all->thresholds + part->first, 1, values, cells, given, part->count);
    }
}

/* One step of a population of GRU units, if it is due. */
AXONC_SPECIALISED void update_gru(axonc_core_t *core, uint32_t index, bool before)
{
    const axonc_population_t *population = &core->populations[index];

    if (!axonc_is_due(core, population)) {
        return;
    }
    const axonc_group_t group = axonc_group_of(core, population, before ? 2 : 6);
    axonc_sender_t sender = axonc_sender_of(core, population);
    axonc_cells_t cells = axonc_cells_of(&group);

    for (uint32_t first = 0; first < group.count; first += TILE) {
        const part_t part = part_from(&group, first);
        tile_t values;
        tile_t candidate;

        gates_of(&part, before, values, candidate);
        mix_cells(&part, values, candidate, cells.cells + first);
        store_part(&cells, &part, values);
        send_all(&sender, &part, values);
    }
    axonc_send_rest(&sender);
    core->status->saturations += cells.clipped;
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
    const axonc_group_t group = axonc_group_of(core, population, 1);
    axonc_sender_t sender = axonc_sender_of(core, population);
    int16_t *given = axonc_work(core, population->voltage_at);

    for (uint32_t first = 0; first < group.count; first += TILE) {
        const part_t part = part_from(&group, first);
        tile_t reset;
        tile_t values;

        take(&part, 0, reset);
        take(&part, 1, values);
        look_up(axonc_sigmoid_table, reset, part.count);
        for (uint32_t n = 0; n < part.count; n++) {
            values[n] = axonc_scaled(reset[n], values[n]);
        }
        store(given + first, values, part.count);
        send_all(&sender, &part, values);
    }
    axonc_send_rest(&sender);
}

/* The next cells of LSTM units, which are stored, and what their outputs show of them; returns how many were clipped. */
static uint32_t lstm_cells(const part_t *part, int16_t *restrict cells, int32_t *restrict shown)
{
    const uint32_t frac = part->group->gated->cell_frac;
    const int32_t up = INT32_C(1) << (12 - frac);
    uint32_t clipped = 0;
    tile_t input;
    tile_t forget;

    take(part, 0, input);
    take(part, 2, forget);
    take(part, 3, shown);
    look_up(axonc_sigmoid_table, input, part->count);
    look_up(axonc_sigmoid_table, forget, part->count);
    look_up(axonc_tanh_table, shown, part->count);
    for (uint32_t n = 0; n < part->count; n++) {
        const int32_t next = axonc_mix(forget[n], cells[n], input[n], shown[n], frac);
        const int32_t cell = axonc_clip(next);

        clipped += next != cell;
        cells[n] = (int16_t)cell;
        shown[n] = axonc_clip(cell * up);
    }
    look_up(axonc_tanh_table, shown, part->count);
    return clipped;
}

/* What LSTM units give, in place of what is shown to them. */
static void lstm_outputs(const part_t *part, int32_t *restrict shown)
{
    const uint32_t down = 2 * AXONC_UNIT_BITS - part->group->gated->frac;
    const int32_t half = INT32_C(1) << (down - 1);
    tile_t output;

    take(part, 1, output);
    look_up(axonc_sigmoid_table, output, part->count);
    for (uint32_t n = 0; n < part->count; n++) {
        shown[n] = axonc_shift_word(output[n] * shown[n] + half, down);
    }
}

void axonc_lstm_q16(axonc_core_t *core, uint32_t index)
{
    const axonc_population_t *population = &core->populations[index];

    if (!axonc_is_due(core, population)) {
        return;
    }
    const axonc_group_t group = axonc_group_of(core, population, 4);
    axonc_sender_t sender = axonc_sender_of(core, population);
    int16_t *cells = axonc_work(core, population->voltage_at);
    int16_t *given = axonc_work(core, population->current_at);

    for (uint32_t first = 0; first < group.count; first += TILE) {
        const part_t part = part_from(&group, first);
        tile_t values;

        core->status->saturations += lstm_cells(&part, cells + first, values);
        lstm_outputs(&part, values);
        store(given + first, values, part.count);
        send_all(&sender, &part, values);
    }
    axonc_send_rest(&sender);
}
