/*
 * Rows of weights that have fewer bits than a byte.
 *
 * Dense rows stand in words. Byte b of a word holds the weights of targets b, b + 4, b + 8, ... of those that the
 * word is for, from its low bits up, each plus a bias that makes it positive. So one mask takes the weights of four
 * targets out of a word, and a plain sum of words adds them up for several rows at once: no byte overflows.
 */
#include "pairs.h"
#include "rows.h"
#include "words.h"

/* Dense rows of a projection. */
typedef struct {
    const uint32_t *words;
    uint32_t stride; /* words of a row */
    uint32_t full;   /* words of a row that stand for as many targets as they have room for */
    uint32_t left;   /* targets of the word behind these */
} packed_t;

/* The dense rows of a projection whose weights have `bits` bits. */
static packed_t packed_of(const axonc_core_t *core, const axonc_projection_t *projection, uint32_t bits)
{
    const uint32_t each = 32u / bits;
    const uint32_t full = projection->targets / each;
    const uint32_t left = projection->targets % each;

    return (packed_t){axonc_data(core, projection->rows_at), full + (left > 0), full, left};
}

/* Adds the weights of four targets, summed over some rows, in all of which together `bias` is too much. */
AXONC_SPECIALISED void add_bytes(int32_t *sums, uint32_t bytes, int32_t bias)
{
    sums[0] += (int32_t)(bytes & 0xFFu) - bias;
    sums[1] += (int32_t)(bytes >> 8 & 0xFFu) - bias;
    sums[2] += (int32_t)(bytes >> 16 & 0xFFu) - bias;
    sums[3] += (int32_t)(bytes >> 24) - bias;
}

/* Adds the full words of some rows, at most AXONC_FEW. */
AXONC_SPECIALISED void add_some(int32_t *restrict sums, const packed_t *packed,
                                const uint32_t *restrict rows, uint32_t count, uint32_t bits)
{
    const uint32_t *words[AXONC_FEW];
    const int32_t bias = (int32_t)(count * AXONC_BIAS(bits));

    for (uint32_t i = 0; i < count; i++) {
        words[i] = packed->words + rows[i] * packed->stride;
    }
#pragma GCC unroll 1
    for (uint32_t w = 0; w < packed->full; w++) {
        uint32_t bytes[4] = {0};

#pragma GCC unroll 4
        for (uint32_t i = 0; i < count; i++) {
            const uint32_t word = words[i][w];

#pragma GCC unroll 4
            for (uint32_t part = 0; part < 8u / bits; part++) {
                bytes[part] += word >> bits * part & AXONC_FIELDS(bits);
            }
        }
#pragma GCC unroll 4
        for (uint32_t part = 0; part < 8u / bits; part++) {
            add_bytes(sums, bytes[part], bias);
            sums += 4;
        }
    }
}

/* Adds a multiple of the last word of a row, which is not full. */
AXONC_SPECIALISED void add_last(int32_t *restrict sums, const packed_t *packed, uint32_t row,
                                int32_t value, uint32_t bits)
{
    const uint32_t word = packed->words[row * packed->stride + packed->full];

#pragma GCC unroll 1
    for (uint32_t t = 0; t < packed->left; t++) {
        sums[t] += axonc_weight_at(word, t, bits) * value;
    }
}

/* Adds dense rows; returns how many weights they have. */
AXONC_SPECIALISED uint32_t add_dense(const axonc_core_t *core, const axonc_projection_t *projection,
                                     int32_t *sums, const uint32_t *rows, uint32_t count, uint32_t bits)
{
    const packed_t packed = packed_of(core, projection, bits);
    const uint32_t targets = packed.full * (32u / bits);
    uint32_t i = 0;

    for (; i + AXONC_FEW <= count; i += AXONC_FEW) {
        add_some(sums, &packed, rows + i, AXONC_FEW, bits);
    }
#pragma GCC unroll 1
    for (; i < count; i++) {
        add_some(sums, &packed, rows + i, 1, bits);
    }
    for (i = 0; packed.left > 0 && i < count; i++) {
        add_last(sums + targets, &packed, rows[i], 1, bits);
    }
    return count * (targets + packed.left);
}

#ifdef AXONC_PAIRS
/* Adds multiples of the full words of two rows. */
AXONC_SPECIALISED void add_two(int32_t *restrict sums, const packed_t *packed, const uint32_t *rows,
                               int16x2_t values, uint32_t bits)
{
    const uint32_t *first = packed->words + rows[0] * packed->stride;
    const uint32_t *second = packed->words + rows[1] * packed->stride;

#pragma GCC unroll 1
    for (const uint32_t *end = first + packed->full; first < end; first++) {
#pragma GCC unroll 4
        for (uint32_t shift = 0; shift < 8u; shift += bits) {
            axonc_add_words(sums, (int8x4_t)axonc_weights_of(*first >> shift, bits),
                            (int8x4_t)axonc_weights_of(*second >> shift, bits), values);
            sums += 4;
        }
        second++;
    }
}

/* Adds multiples of the full words of dense rows, two rows at a time: the last one may stand alone. */
AXONC_SPECIALISED void add_multiples(int32_t *sums, const packed_t *packed,
                                     const axonc_events_t *events, uint32_t bits)
{
    for (uint32_t i = 0; i < events->count; i += 2) {
        const bool alone = i + 1 == events->count;
        const uint32_t rows[2] = {events->rows[i], events->rows[alone ? i : i + 1]};
        const int32_t second = alone ? 0 : events->values[i + 1];

        add_two(sums, packed, rows, axonc_pair(events->values[i], second), bits);
    }
}
#else
/* Adds multiples of the full words of dense rows. */
AXONC_SPECIALISED void add_multiples(int32_t *sums, const packed_t *packed,
                                     const axonc_events_t *events, uint32_t bits)
{
    const uint32_t each = 32u / bits;

    for (uint32_t i = 0; i < events->count; i++) {
        const uint32_t *words = packed->words + events->rows[i] * packed->stride;

        for (uint32_t t = 0; t < packed->full * each; t++) {
            sums[t] += axonc_weight_at(words[t / each], t % each, bits) * events->values[i];
        }
    }
}
#endif

/* Adds multiples of dense rows; returns how many weights they have. */
AXONC_SPECIALISED uint32_t add_dense_graded(const axonc_core_t *core, const axonc_projection_t *projection,
                                            int32_t *sums, const axonc_events_t *events, uint32_t bits)
{
    const packed_t packed = packed_of(core, projection, bits);
    const uint32_t targets = packed.full * (32u / bits);

    add_multiples(sums, &packed, events, bits);
    for (uint32_t i = 0; packed.left > 0 && i < events->count; i++) {
        add_last(sums + targets, &packed, events->rows[i], events->values[i], bits);
    }
    return events->count * (targets + packed.left);
}

AXONC_ADDS(dense4)
{
    return add_dense(core, projection, sums, rows, count, 4);
}

AXONC_ADDS_GRADED(dense4)
{
    return add_dense_graded(core, projection, sums, events, 4);
}

AXONC_ADDS(dense2)
{
    return add_dense(core, projection, sums, rows, count, 2);
}

AXONC_ADDS_GRADED(dense2)
{
    return add_dense_graded(core, projection, sums, events, 2);
}

/* Adds a multiple of a sparse row of weights of 4 bits; returns how many it has. */
AXONC_SPECIALISED uint32_t add_pairs(int32_t *restrict sums, const uint16_t *starts,
                                     const axonc_pair_t *restrict pairs, uint32_t row, int32_t value)
{
    const axonc_pair_t *pair = pairs + starts[row];
    const axonc_pair_t *end = pairs + starts[row + 1];
    const uint32_t count = (uint32_t)(end - pair);

#pragma GCC unroll 2
    for (; pair < end; pair++) {
        sums[pair->targets[0]] += ((int32_t)(pair->weights & 0xFu) - (int32_t)AXONC_BIAS(4)) * value;
        sums[pair->targets[1]] += ((int32_t)(pair->weights >> 4) - (int32_t)AXONC_BIAS(4)) * value;
    }
    return 2 * count;
}

AXONC_ADDS(pairs)
{
    const uint16_t *starts = axonc_data(core, projection->rows_at);
    const axonc_pair_t *pairs = axonc_data(core, projection->synapses_at);
    uint32_t added = 0;

    for (uint32_t i = 0; i < count; i++) {
        added += add_pairs(sums, starts, pairs, rows[i], 1);
    }
    return added;
}

AXONC_ADDS_GRADED(pairs)
{
    const uint16_t *starts = axonc_data(core, projection->rows_at);
    const axonc_pair_t *pairs = axonc_data(core, projection->synapses_at);
    uint32_t added = 0;

    for (uint32_t i = 0; i < events->count; i++) {
        added += add_pairs(sums, starts, pairs, events->rows[i], events->values[i]);
    }
    return added;
}

/* Adds a value to the sums of some targets. */
AXONC_SPECIALISED void add_value(int32_t *restrict sums, const uint8_t *restrict targets,
                                 uint32_t count, int32_t value)
{
#pragma GCC unroll 4
    for (uint32_t k = 0; k < count; k++) {
        sums[targets[k]] += value;
    }
}

/* Adds a multiple of a sparse row of weights of 1 and -1; returns how many it has. */
AXONC_SPECIALISED uint32_t add_signs(int32_t *sums, const uint16_t *starts, const uint8_t *targets,
                                     uint32_t row, int32_t value)
{
    const uint32_t plus = starts[2 * row];
    const uint32_t minus = starts[2 * row + 1];
    const uint32_t end = starts[2 * row + 2];

    add_value(sums, targets + plus, minus - plus, value);
    add_value(sums, targets + minus, end - minus, -value);
    return end - plus;
}

AXONC_ADDS(signs)
{
    const uint16_t *starts = axonc_data(core, projection->rows_at);
    const uint8_t *targets = axonc_data(core, projection->synapses_at);
    uint32_t added = 0;

    for (uint32_t i = 0; i < count; i++) {
        added += add_signs(sums, starts, targets, rows[i], 1);
    }
    return added;
}

AXONC_ADDS_GRADED(signs)
{
    const uint16_t *starts = axonc_data(core, projection->rows_at);
    const uint8_t *targets = axonc_data(core, projection->synapses_at);
    uint32_t added = 0;

    for (uint32_t i = 0; i < events->count; i++) {
        added += add_signs(sums, starts, targets, events->rows[i], events->values[i]);
    }
    return added;
}
