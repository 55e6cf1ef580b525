/* Events through kernels that all places of an image share. */
#include "rows.h"

/* The runs of a place along an axis. */
typedef struct {
    const axonc_run_t *next;
    const axonc_run_t *end;
} runs_t;

/* Lines of the target box: which ones, through which taps along y, and how far apart they are. */
typedef struct {
    runs_t runs;
    uint32_t sums;
    uint32_t weights;
} lines_t;

/* The runs of a place, which is in the table. */
static inline runs_t runs_of(const uint32_t *starts, const axonc_run_t *runs, uint32_t place)
{
    return (runs_t){runs + starts[place], runs + starts[place + 1]};
}

/* Adds the signed byte of a word at bit `at`. Compilers do not find the one instruction that does it. */
static inline __attribute__((always_inline)) int32_t add_byte(int32_t sum, uint32_t word, uint32_t at)
{
#ifdef __ARM_FEATURE_DSP
    if (at > 0) {
        __asm__("sxtab %0, %0, %1, ror %2" : "+r"(sum) : "r"(word), "i"(at));
        return sum;
    }
#endif
    return sum + (int8_t)(word >> at);
}

/* Adds four weights, the first of them at a word's address, to their accumulators. */
static inline void add_word(int32_t *restrict sums, const int8_t *restrict weights)
{
    uint32_t word;

    __builtin_memcpy(&word, __builtin_assume_aligned(weights, sizeof word), sizeof word);
    sums[0] = add_byte(sums[0], word, 0);
    sums[1] = add_byte(sums[1], word, 8);
    sums[2] = add_byte(sums[2], word, 16);
    sums[3] = add_byte(sums[3], word, 24);
}

/* Adds weights that lie side by side to accumulators that do; by words where the core has no vectors. */
static inline void add_weights(int32_t *restrict sums, const int8_t *restrict weights,
                               uint32_t count)
{
    if (!AXONC_VECTORS && (uintptr_t)weights % sizeof(uint32_t) == 0) {
        const int8_t *end = weights + count / 8 * 8;

#pragma GCC unroll 1
        while (weights < end) {
            add_word(sums, weights);
            add_word(sums + 4, weights + 4);
            sums += 8;
            weights += 8;
        }
        count %= 8;
    }
#if !AXONC_VECTORS
#pragma GCC unroll 1
#endif
    for (; count > 0; count--) {
        *sums += *weights;
        sums++;
        weights++;
    }
}

/* Adds a run of places to every line. Not inlined: the registers are all for this. */
static __attribute__((noinline)) void add_lines(int32_t *sums, const int8_t *weights,
                                                uint32_t count, const lines_t *lines)
{
    const lines_t l = *lines;

    for (const axonc_run_t *line = l.runs.next; line < l.runs.end; line++) {
        add_weights(sums + line->target * l.sums, weights + line->tap * l.weights, count);
    }
}

/* Adds the weights of a source neuron, if it reaches anything; returns how many. */
static inline uint32_t add_event(const axonc_core_t *core, const axonc_kernel_t *kernel, int32_t *sums,
                                 const int8_t *weights, uint32_t neuron)
{
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
    const runs_t columns = runs_of(axonc_data(core, kernel->x_starts_at),
                                   axonc_data(core, kernel->x_runs_at), x);
    const lines_t lines = {
        .runs = runs_of(axonc_data(core, kernel->y_starts_at), axonc_data(core, kernel->y_runs_at), y),
        .sums = pitch * kernel->target_columns,
        .weights = count * kernel->taps,
    };

    uint32_t places = 0;

    sums += reached[channel].first;
    weights += reached[channel].weights;
    for (const axonc_run_t *run = columns.next; run < columns.end; run++) {
        add_lines(sums + run->target * pitch, weights + run->tap * count, run->count * count, &lines);
        places += run->count;
    }
    return places * count * (uint32_t)(lines.runs.end - lines.runs.next);
}

AXONC_ADDS(kernel)
{
    const axonc_kernel_t *kernel = axonc_data(core, projection->synapses_at);
    const int8_t *weights = axonc_data(core, projection->rows_at);
    uint32_t added = 0;

    for (uint32_t i = 0; i < count; i++) {
        added += add_event(core, kernel, sums, weights, rows[i]);
    }
    return added;
}
