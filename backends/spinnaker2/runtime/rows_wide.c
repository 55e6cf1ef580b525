/* Rows of weights of 16 bits. */
#include "pairs.h"
#include "rows.h"

/* Adds a multiple of a dense row of weights to the sums of its targets. */
AXONC_SPECIALISED void add_row(int32_t *restrict sums, const int16_t *restrict row, uint32_t targets,
                               int32_t value)
{
#pragma GCC unroll 4
    for (uint32_t t = 0; t < targets; t++) {
        sums[t] += row[t] * value;
    }
}

/* Adds AXONC_FEW dense rows: every sum is loaded and stored only once. */
static void add_few_rows(int32_t *restrict sums, const int16_t *restrict weights,
                         const uint32_t *restrict rows, uint32_t targets)
{
    const int16_t *first = weights + rows[0] * targets;
    const int16_t *second = weights + rows[1] * targets;
    const int16_t *third = weights + rows[2] * targets;
    const int16_t *fourth = weights + rows[3] * targets;

#if !AXONC_VECTORS
#pragma GCC unroll 1
#endif
    for (uint32_t t = 0; t < targets; t++) {
        sums[t] += first[t] + second[t] + third[t] + fourth[t];
    }
}

AXONC_ADDS(dense16)
{
    const int16_t *weights = axonc_data(core, projection->rows_at);
    const uint32_t targets = projection->targets;
    uint32_t i = 0;

    for (; i + AXONC_FEW <= count; i += AXONC_FEW) {
        add_few_rows(sums, weights, rows + i, targets);
    }
    for (; i < count; i++) {
        add_row(sums, weights + rows[i] * targets, targets, 1);
    }
    return count * targets;
}

#ifdef AXONC_PAIRS
/* Two weights of a row, the first at a word's address. */
static inline int16x2_t load_weights(const int16_t *weights)
{
    int16x2_t word;

    __builtin_memcpy(&word, __builtin_assume_aligned(weights, sizeof word), sizeof word);
    return word;
}

/* Adds multiples of two dense rows by words of weights: the targets are an even number. */
static void add_two_rows(int32_t *restrict sums, const int16_t *weights, const uint32_t *rows,
                         const int32_t *values, uint32_t targets)
{
    const int16_t *first = weights + rows[0] * targets;
    const int16_t *second = weights + rows[1] * targets;
    const int16x2_t both = axonc_pair(values[0], values[1]);

#pragma GCC unroll 2
    for (uint32_t t = 0; t < targets; t += 2) {
        const int16x2_t one = load_weights(first + t);
        const int16x2_t other = load_weights(second + t);

        sums[t] = __smlad(axonc_low_halves(one, other), both, sums[t]);
        sums[t + 1] = __smlad(axonc_high_halves(one, other), both, sums[t + 1]);
    }
}
#endif

AXONC_ADDS_GRADED(dense16)
{
    const int16_t *weights = axonc_data(core, projection->rows_at);
    const uint32_t targets = projection->targets;
    uint32_t i = 0;

#ifdef AXONC_PAIRS
    for (; targets % 2 == 0 && i + 2 <= events->count; i += 2) {
        add_two_rows(sums, weights, events->rows + i, events->values + i, targets);
    }
#endif
    for (; i < events->count; i++) {
        add_row(sums, weights + events->rows[i] * targets, targets, events->values[i]);
    }
    return events->count * targets;
}

/* Adds a multiple of a sparse row; returns how many weights it has. */
AXONC_SPECIALISED uint32_t add_wide(const axonc_core_t *core, const axonc_projection_t *projection,
                                    int32_t *restrict sums, uint32_t row, int32_t value)
{
    const uint32_t *starts = axonc_data(core, projection->rows_at);
    const axonc_wide_t *restrict synapse = axonc_data(core, projection->synapses_at);
    const uint32_t count = starts[row + 1] - starts[row];

    synapse += starts[row];
#pragma GCC unroll 4
    for (uint32_t k = 0; k < count; k++) {
        sums[synapse[k].target] += synapse[k].weight * value;
    }
    return count;
}

AXONC_ADDS(wide)
{
    uint32_t added = 0;

    for (uint32_t i = 0; i < count; i++) {
        added += add_wide(core, projection, sums, rows[i], 1);
    }
    return added;
}

AXONC_ADDS_GRADED(wide)
{
    uint32_t added = 0;

    for (uint32_t i = 0; i < events->count; i++) {
        added += add_wide(core, projection, sums, events->rows[i], events->values[i]);
    }
    return added;
}
