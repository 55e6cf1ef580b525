/* Gated units, one after the other. */
#include "gated.h"

/* The argument of a gate of a unit, which is cleared: it is an accumulator again. */
AXONC_SPECIALISED int32_t take(const axonc_group_t *group, uint32_t lane, uint32_t unit)
{
    int32_t *place = &group->arguments[lane * group->count + unit];
    const int32_t taken = *place;

    *place = 0;
    return taken;
}

/* Update and candidate of a unit. */
typedef struct {
    int32_t update;
    int32_t candidate;
} gates_t;

/* The gates of a unit, the reset acting on the recurrent sum. */
AXONC_SPECIALISED gates_t gates_after(const axonc_group_t *group, uint32_t n)
{
    const int32_t update = axonc_clip(take(group, 0, n) + take(group, 3, n));
    const int32_t reset = axonc_clip(take(group, 1, n) + take(group, 4, n));
    const int32_t recurrent = axonc_scaled(axonc_sigmoid(reset), take(group, 5, n));
    const int32_t candidate = axonc_clip(take(group, 2, n) + recurrent);

    return (gates_t){axonc_sigmoid(update), axonc_tanh(candidate)};
}

/* The gates of a unit, whose reset gate is elsewhere. */
AXONC_SPECIALISED gates_t gates_before(const axonc_group_t *group, uint32_t n)
{
    const int32_t update = take(group, 0, n);
    const int32_t candidate = take(group, 1, n);

    return (gates_t){axonc_sigmoid(update), axonc_tanh(candidate)};
}

/* Stores the next cell of a unit; returns what the unit gives. */
AXONC_SPECIALISED int32_t give(axonc_cells_t *cells, uint32_t n, int32_t cell)
{
    if (cells->thresholds == NULL) {
        cells->cells[n] = (int16_t)cell;
        return cell;
    }
    const int32_t threshold = cells->thresholds[n * cells->stride];
    int32_t given = 0;

    if (cell > threshold) {
        const int32_t after = axonc_clip(cell - threshold);

        given = cell;
        cells->clipped += after != cell - threshold;
        cell = after;
    }
    cells->cells[n] = (int16_t)cell;
    cells->given[n] = (int16_t)given;
    return given;
}

/* One step of GRU units. Where the reset gate acts is known when this is compiled into a kernel. */
AXONC_SPECIALISED void gru(const axonc_group_t *group, bool before)
{
    axonc_sender_t sender = axonc_sender_of(group->core, group->population);
    axonc_cells_t cells = axonc_cells_of(group);
    const int32_t zoneout = group->gated->zoneout;
    const uint32_t frac = group->gated->frac;

    for (uint32_t n = 0; n < group->count; n++) {
        const gates_t gates = before ? gates_before(group, n) : gates_after(group, n);
        const int32_t kept = zoneout + axonc_scaled(gates.update, AXONC_UNIT - zoneout);
        const int32_t cell = axonc_mix(kept, cells.cells[n], AXONC_UNIT - kept, gates.candidate, frac);
        const int32_t given = give(&cells, n, cell);

        if (given != 0) {
            axonc_send_value(&sender, n, given);
        }
    }
    axonc_send_rest(&sender);
    group->core->status->saturations += cells.clipped;
}

/* One step of a population of GRU units, if it is due. */
AXONC_SPECIALISED void update_gru(axonc_core_t *core, uint32_t index, bool before)
{
    const axonc_population_t *population = &core->populations[index];

    if (!axonc_is_due(core, population)) {
        return;
    }
    const axonc_group_t group = axonc_group_of(core, population, before ? 2 : 6);

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
    const axonc_group_t group = axonc_group_of(core, population, 1);
    axonc_sender_t sender = axonc_sender_of(core, population);
    int16_t *given = axonc_work(core, population->voltage_at);

    for (uint32_t n = 0; n < group.count; n++) {
        const int32_t value = axonc_scaled(axonc_sigmoid(take(&group, 0, n)), take(&group, 1, n));

        given[n] = (int16_t)value;
        if (value != 0) {
            axonc_send_value(&sender, n, value);
        }
    }
    axonc_send_rest(&sender);
}

/* The next cell of an LSTM unit, before it is clipped. */
AXONC_SPECIALISED int32_t next_cell(const axonc_group_t *group, uint32_t n, int32_t cell)
{
    const int32_t input = axonc_sigmoid(take(group, 0, n));
    const int32_t forget = axonc_sigmoid(take(group, 2, n));
    const int32_t candidate = axonc_tanh(take(group, 3, n));

    return axonc_mix(forget, cell, input, candidate, group->gated->cell_frac);
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
    const int32_t up = INT32_C(1) << (12 - group.gated->cell_frac);
    const uint32_t down = 2 * AXONC_UNIT_BITS - group.gated->frac;
    uint32_t clipped = 0;

    for (uint32_t n = 0; n < group.count; n++) {
        const int32_t next = next_cell(&group, n, cells[n]);
        const int32_t cell = axonc_clip(next);
        const int32_t shown = axonc_tanh(axonc_clip(cell * up));
        const int32_t output = axonc_sigmoid(take(&group, 1, n));
        const int32_t value = axonc_shift_word(output * shown + (INT32_C(1) << (down - 1)), down);

        clipped += next != cell;
        cells[n] = (int16_t)cell;
        given[n] = (int16_t)value;
        if (value != 0) {
            axonc_send_value(&sender, n, value);
        }
    }
    axonc_send_rest(&sender);
    core->status->saturations += clipped;
}
