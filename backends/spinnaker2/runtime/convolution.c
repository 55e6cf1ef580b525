#include "convolution.h"

#include "neurons.h"

/* Weights in a word. */
#define LANES 4u

/* The runs of a place along an axis. */
typedef struct {
    const axonc_run_t *next;
    const axonc_run_t *end;
} runs_t;

/* The runs of a place; none if it lies outside of the table. */
static inline runs_t runs_of(const axonc_core_t *core, uint32_t starts_at, uint32_t runs_at,
                             uint32_t count, uint32_t place)
{
    const axonc_run_t *runs = axonc_data(core, runs_at);
    const uint32_t *starts = axonc_data(core, starts_at);

    if (place >= count) {
        return (runs_t){runs, runs};
    }
    return (runs_t){runs + starts[place], runs + starts[place + 1]};
}

/* Whether the weights lie at a word's address. */
static inline bool is_aligned(const int8_t *weights)
{
    return (uintptr_t)weights % LANES == 0;
}

/* Adds four weights, loaded as a word, to their accumulators. */
static inline void add_word(int32_t *sums, const int8_t *weights)
{
    uint32_t word;

    __builtin_memcpy(&word, __builtin_assume_aligned(weights, LANES), sizeof word);
    sums[0] += (int8_t)word;
    sums[1] += (int8_t)(word >> 8);
    sums[2] += (int8_t)(word >> 16);
    sums[3] += (int8_t)(word >> 24);
}

/* Adds weights that lie side by side to accumulators that do; by words where the core has no vectors. */
static inline void add_weights(int32_t *restrict sums, const int8_t *restrict weights,
                               uint32_t count)
{
    if (!AXONC_VECTORS && is_aligned(weights)) {
        for (; count >= LANES; count -= LANES) {
            add_word(sums, weights);
            sums += LANES;
            weights += LANES;
        }
    }
#pragma GCC unroll 4
    for (uint32_t i = 0; i < count; i++) {
        sums[i] += weights[i];
    }
}

void axonc_add_kernel(const axonc_core_t *core, const axonc_kernel_t *kernel, int32_t *sums,
                      const int8_t *weights, uint32_t neuron)
{
    const uint32_t place = neuron / kernel->channels;
    const uint32_t channel = neuron - place * kernel->channels + kernel->first_channel;
    const uint32_t line = place / kernel->columns;
    const uint32_t x = place - line * kernel->columns + kernel->first_x;
    const uint32_t y = line + kernel->first_y;
    const axonc_channel_t *channels = axonc_data(core, kernel->channels_at);
    const runs_t rows = runs_of(core, kernel->y_starts_at, kernel->y_runs_at, kernel->y_count, y);
    const runs_t columns = runs_of(core, kernel->x_starts_at, kernel->x_runs_at, kernel->x_count, x);

    if (channel >= kernel->channel_count) {
        return;
    }
    const axonc_channel_t reached = channels[channel];
    const uint32_t pitch = kernel->target_channels;

    for (const axonc_run_t *row = rows.next; row < rows.end; row++) {
        int32_t *to = sums + row->target * kernel->target_columns * pitch + reached.first;
        const int8_t *from = weights + reached.weights + row->tap * kernel->taps * reached.count;

        for (const axonc_run_t *run = columns.next; run < columns.end; run++) {
            add_weights(to + run->target * pitch, from + (uint32_t)run->tap * reached.count,
                        (uint32_t)run->count * reached.count);
        }
    }
}
