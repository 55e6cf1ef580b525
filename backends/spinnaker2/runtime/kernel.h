/*
 * The kernel of a convolution, at all places that a source neuron reaches: what is the same for weights of any width.
 *
 * A kernel's weights stand side by side, as those of one dense row do; an event adds runs of them to every line that it
 * reaches. A format gives a function that adds a run, and one that adds a run to all lines.
 */
#ifndef AXONC_KERNEL_H
#define AXONC_KERNEL_H

#include "rows.h"

/* The runs of a place along an axis. */
typedef struct {
    const axonc_run_t *next;
    const axonc_run_t *end;
} axonc_runs_t;

/* Lines of the target box: which ones, through which taps along y, and how far apart they and their weights are. */
typedef struct {
    axonc_runs_t runs;
    uint32_t sums;
    uint32_t weights;
    const void *kernel;
    int32_t value;
} axonc_lines_t;

/* Adds a multiple of `count` weights of a kernel, from the one of index `first` on, to as many accumulators. */
typedef void axonc_add_run_t(int32_t *restrict sums, const void *kernel, uint32_t first, uint32_t count,
                             int32_t value);

/* Adds such a run to every line; never inlined: the registers are all for this. */
typedef void axonc_add_lines_t(int32_t *sums, uint32_t first, uint32_t count, const axonc_lines_t *lines);

#define AXONC_ADD_LINES(name) \
    static __attribute__((noinline)) void name(int32_t *sums, uint32_t first, uint32_t count, \
                                               const axonc_lines_t *lines)

/* The runs of a place, which is in the table. */
static inline axonc_runs_t axonc_runs_of(const uint32_t *starts, const axonc_run_t *runs, uint32_t place)
{
    return (axonc_runs_t){runs + starts[place], runs + starts[place + 1]};
}

/* Adds a run of places to every line; spikes are worth 1. */
AXONC_SPECIALISED void axonc_add_lines(int32_t *sums, uint32_t first, uint32_t count,
                                       const axonc_lines_t *lines, bool spikes, axonc_add_run_t *add)
{
    const axonc_lines_t l = *lines;

    for (const axonc_run_t *line = l.runs.next; line < l.runs.end; line++) {
        add(sums + line->target * l.sums, l.kernel, first + line->tap * l.weights, count, spikes ? 1 : l.value);
    }
}

/* Adds a multiple of the weights of a source neuron, if it reaches anything; returns how many. */
AXONC_SPECIALISED uint32_t axonc_add_event(const axonc_core_t *core, const axonc_projection_t *projection,
                                           int32_t *sums, uint32_t neuron, int32_t value,
                                           axonc_add_lines_t *add)
{
    const axonc_kernel_t *kernel = axonc_data(core, projection->synapses_at);
    const uint32_t place = neuron / kernel->channels;
    const uint32_t line = place / kernel->columns;
    const uint32_t y = line + kernel->first_y;
    const uint32_t x = place - line * kernel->columns + kernel->first_x;
    const uint32_t channel = neuron - place * kernel->channels + kernel->first_channel;

    if (y >= kernel->y_count || x >= kernel->x_count || channel >= kernel->channel_count) {
        return 0;
    }
    const axonc_channel_t *reached = axonc_data(core, kernel->channels_at);
    const uint32_t count = reached[channel].count;
    const uint32_t pitch = kernel->target_channels;
    const axonc_runs_t columns = axonc_runs_of(axonc_data(core, kernel->x_starts_at),
                                               axonc_data(core, kernel->x_runs_at), x);
    const axonc_lines_t lines = {
        .runs = axonc_runs_of(axonc_data(core, kernel->y_starts_at), axonc_data(core, kernel->y_runs_at), y),
        .sums = pitch * kernel->target_columns,
        .weights = count * kernel->taps,
        .kernel = axonc_data(core, projection->rows_at),
        .value = value,
    };

    uint32_t places = 0;

    sums += reached[channel].first;
    for (const axonc_run_t *run = columns.next; run < columns.end; run++) {
        add(sums + run->target * pitch, reached[channel].weights + run->tap * count, run->count * count, &lines);
        places += run->count;
    }
    return places * count * (uint32_t)(lines.runs.end - lines.runs.next);
}

/* Adds the weights of some spikes; returns how many. */
AXONC_SPECIALISED uint32_t axonc_add_spikes(const axonc_core_t *core, const axonc_projection_t *projection,
                                            int32_t *sums, const uint32_t *rows, uint32_t count,
                                            axonc_add_lines_t *add)
{
    uint32_t added = 0;

    for (uint32_t i = 0; i < count; i++) {
        added += axonc_add_event(core, projection, sums, rows[i], 1, add);
    }
    return added;
}

/* Adds multiples of the weights of some graded events; returns how many. */
AXONC_SPECIALISED uint32_t axonc_add_values(const axonc_core_t *core, const axonc_projection_t *projection,
                                            int32_t *sums, const axonc_events_t *events,
                                            axonc_add_lines_t *add)
{
    uint32_t added = 0;

    for (uint32_t i = 0; i < events->count; i++) {
        added += axonc_add_event(core, projection, sums, events->rows[i], events->values[i], add);
    }
    return added;
}

#endif
