/* Dense rows of weights of 8 bits. */
#include "pairs.h"
#include "rows.h"

#define FEW AXONC_FEW

/* Targets whose weights a host sums in 16 bits, in vectors: a batch of weights of 8 bits fits. */
#define TILE 128u

/* Adds a dense row of weights to the accumulators of its targets. */
static void add_row(int32_t *restrict sums, const int8_t *restrict row, uint32_t targets)
{
#pragma GCC unroll 8
    for (uint32_t t = 0; t < targets; t++) {
        sums[t] += row[t];
    }
}

/* Adds the first columns of FEW dense rows: every accumulator is loaded and stored only once. */
static void add_few_rows(int32_t *restrict sums, const int8_t *restrict weights,
                         const uint32_t *restrict rows, uint32_t targets, uint32_t columns)
{
    const int8_t *first = weights + rows[0] * targets;
    const int8_t *second = weights + rows[1] * targets;
    const int8_t *third = weights + rows[2] * targets;
    const int8_t *fourth = weights + rows[3] * targets;

    for (uint32_t t = 0; t < columns; t++) {
        sums[t] += first[t] + second[t] + third[t] + fourth[t];
    }
}

/* Adds TILE columns of dense rows. */
static void add_tile(int32_t *restrict sums, const int8_t *restrict weights,
                     const uint32_t *restrict rows, uint32_t count, uint32_t targets)
{
    int16_t parts[TILE] = {0};

    for (uint32_t i = 0; i < count; i++) {
        const int8_t *row = weights + rows[i] * targets;

        for (uint32_t t = 0; t < TILE; t++) {
            parts[t] = (int16_t)(parts[t] + row[t]);
        }
    }
    for (uint32_t t = 0; t < TILE; t++) {
        sums[t] += parts[t];
    }
}

AXONC_ADDS(dense)
{
    const int8_t *weights = axonc_data(core, projection->rows_at);
    const uint32_t targets = projection->targets;
    uint32_t done = 0;
    uint32_t i = 0;

    for (; AXONC_VECTORS && done + TILE <= targets; done += TILE) {
        add_tile(sums + done, weights + done, rows, count, targets);
    }
    if (done == targets) {
        return count * targets;
    }
    for (; i + FEW <= count; i += FEW) {
        add_few_rows(sums + done, weights + done, rows + i, targets, targets - done);
    }
    for (; i < count; i++) {
        add_row(sums + done, weights + done + rows[i] * targets, targets - done);
    }
    return count * targets;
}

/* Adds a multiple of a dense row of weights to the accumulators of its targets. */
static void add_multiple(int32_t *restrict sums, const int8_t *restrict row, int32_t value,
                         uint32_t targets)
{
#pragma GCC unroll 4
    for (uint32_t t = 0; t < targets; t++) {
        sums[t] += row[t] * value;
    }
}

#ifdef AXONC_PAIRS
/* Four weights of a row, the first at a word's address. */
static inline int8x4_t load_weights(const int8_t *weights)
{
    int8x4_t word;

    __builtin_memcpy(&word, __builtin_assume_aligned(weights, sizeof word), sizeof word);
    return word;
}

/* Adds multiples of two dense rows by words of weights. Not inlined: the registers are all for this. */
static __attribute__((noinline)) void add_two_multiples(int32_t *restrict sums, const int8_t *weights,
                                                        const uint32_t *rows, const int32_t *values,
                                                        uint32_t targets)
{
    const int8_t *first = weights + rows[0] * targets;
    const int8_t *second = weights + rows[1] * targets;
    const int16x2_t both = axonc_pair(values[0], values[1]);

#pragma GCC unroll 1
    for (const int32_t *end = sums + targets; sums < end; sums += 4) {
        axonc_add_words(sums, load_weights(first), load_weights(second), both);
        first += 4;
        second += 4;
    }
}
#endif

/* Adds multiples of FEW dense rows: every accumulator is loaded and stored only once. */
static void add_few_multiples(int32_t *restrict sums, const int8_t *restrict weights,
                              const uint32_t *restrict rows, const int32_t *restrict values,
                              uint32_t targets)
{
    const int8_t *first = weights + rows[0] * targets;
    const int8_t *second = weights + rows[1] * targets;
    const int8_t *third = weights + rows[2] * targets;
    const int8_t *fourth = weights + rows[3] * targets;
    const int32_t a = values[0];
    const int32_t b = values[1];
    const int32_t c = values[2];
    const int32_t d = values[3];

#if !AXONC_VECTORS
#pragma GCC unroll 1
#endif
    for (uint32_t t = 0; t < targets; t++) {
        sums[t] += first[t] * a + second[t] * b + third[t] * c + fourth[t] * d;
    }
}

AXONC_ADDS_GRADED(dense)
{
    const int8_t *weights = axonc_data(core, projection->rows_at);
    const uint32_t targets = projection->targets;
    uint32_t i = 0;

#if AXONC_VECTORS
    i = axonc_add_dense_vectors(sums, weights, events, targets);
#endif
#ifdef AXONC_PAIRS
    for (; targets % 4 == 0 && i + 2 <= events->count; i += 2) {
        add_two_multiples(sums, weights, events->rows + i, events->values + i, targets);
    }
#endif
    for (; i + FEW <= events->count; i += FEW) {
        add_few_multiples(sums, weights, events->rows + i, events->values + i, targets);
    }
    for (; i < events->count; i++) {
        add_multiple(sums, weights + events->rows[i] * targets, events->values[i], targets);
    }
    return events->count * targets;
}
