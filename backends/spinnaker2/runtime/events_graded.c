#include "events.h"

#include "platform.h"

#ifdef __ARM_FEATURE_SIMD32
#include <arm_acle.h>
#define AXONC_PAIRS
#endif

#define BATCH AXONC_BATCH
#define FEW AXONC_FEW

/* Adds a multiple of a dense row of weights to the accumulators of its targets. */
static void add_dense_row(int32_t *restrict sums, const int8_t *restrict row, int32_t value,
                          uint32_t targets)
{
#pragma GCC unroll 4
    for (uint32_t t = 0; t < targets; t++) {
        sums[t] += row[t] * value;
    }
}

#ifdef AXONC_PAIRS
/* Two values in the halves of a word. */
static inline int16x2_t pair(int32_t low, int32_t high)
{
    return (int16x2_t)(((uint32_t)low & 0xFFFFu) | (uint32_t)high << 16);
}

/* The lower, and the upper, halves of two words. */
static inline int16x2_t low_halves(int16x2_t first, int16x2_t second)
{
    return (int16x2_t)(((uint32_t)first & 0xFFFFu) | (uint32_t)second << 16);
}

static inline int16x2_t high_halves(int16x2_t first, int16x2_t second)
{
    return (int16x2_t)((uint32_t)first >> 16 | ((uint32_t)second & 0xFFFF0000u));
}

/* Four weights of a row, the first at a word's address. */
static inline int8x4_t load_weights(const int8_t *weights)
{
    int8x4_t word;

    __builtin_memcpy(&word, __builtin_assume_aligned(weights, sizeof word), sizeof word);
    return word;
}

/* Adds multiples of four weights of two rows. */
static inline void add_words(int32_t *sums, int8x4_t first, int8x4_t second, int16x2_t values)
{
    const int16x2_t even = __sxtb16(first);
    const int16x2_t odd = __sxtb16((int8x4_t)__ror((uint32_t)first, 8));
    const int16x2_t second_even = __sxtb16(second);
    const int16x2_t second_odd = __sxtb16((int8x4_t)__ror((uint32_t)second, 8));

    sums[0] = __smlad(low_halves(even, second_even), values, sums[0]);
    sums[1] = __smlad(low_halves(odd, second_odd), values, sums[1]);
    sums[2] = __smlad(high_halves(even, second_even), values, sums[2]);
    sums[3] = __smlad(high_halves(odd, second_odd), values, sums[3]);
}

/* Adds multiples of two dense rows by words of weights. Not inlined: the registers are all for this. */
static __attribute__((noinline)) void add_two_rows(int32_t *restrict sums, const int8_t *weights,
                                                   const uint32_t *rows, const int32_t *values,
                                                   uint32_t targets)
{
    const int8_t *first = weights + rows[0] * targets;
    const int8_t *second = weights + rows[1] * targets;
    const int16x2_t both = pair(values[0], values[1]);

#pragma GCC unroll 1
    for (const int32_t *end = sums + targets; sums < end; sums += 4) {
        add_words(sums, load_weights(first), load_weights(second), both);
        first += 4;
        second += 4;
    }
}
#endif

/* Adds multiples of FEW dense rows: every accumulator is loaded and stored only once. */
static void add_few_rows(int32_t *restrict sums, const int8_t *restrict weights,
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

/* Adds multiples of dense rows; returns how many weights they have. */
static uint32_t add_dense_rows(int32_t *sums, const int8_t *weights, const axonc_events_t *events,
                               uint32_t targets)
{
    uint32_t i = 0;

#if AXONC_VECTORS
    i = axonc_add_dense_graded(sums, weights, events, targets);
#endif
#ifdef AXONC_PAIRS
    for (; targets % 4 == 0 && i + 2 <= events->count; i += 2) {
        add_two_rows(sums, weights, events->rows + i, events->values + i, targets);
    }
#endif
    for (; i + FEW <= events->count; i += FEW) {
        add_few_rows(sums, weights, events->rows + i, events->values + i, targets);
    }
    for (; i < events->count; i++) {
        add_dense_row(sums, weights + events->rows[i] * targets, events->values[i], targets);
    }
    return events->count * targets;
}

/* Adds a multiple of a sparse row of weights to the accumulators of its targets. */
static void add_sparse_row(int32_t *restrict sums, const axonc_synapse_t *restrict synapse,
                           uint32_t count, int32_t value)
{
#pragma GCC unroll 4
    for (uint32_t k = 0; k < count; k++) {
        sums[synapse[k].target] += synapse[k].weight * value;
    }
}

/* Adds multiples of sparse rows; returns how many synapses they have. */
static uint32_t add_sparse_rows(int32_t *sums, const uint16_t *starts,
                                const axonc_synapse_t *synapses, const axonc_events_t *events)
{
    uint32_t added = 0;

    for (uint32_t i = 0; i < events->count; i++) {
        const uint32_t start = starts[events->rows[i]];
        const uint32_t count = starts[events->rows[i] + 1] - start;

        add_sparse_row(sums, synapses + start, count, events->values[i]);
        added += count;
    }
    return added;
}

/* Adds the rows of events to the target population, each times its value; returns how many weights they have. */
static uint32_t add_rows(axonc_core_t *core, const axonc_projection_t *projection,
                         const axonc_events_t *events)
{
    int32_t *sums = axonc_window(core, projection);
    const void *weights = axonc_data(core, projection->rows_at);

    switch (projection->format) {
    case AXONC_FORMAT_DENSE:
        return add_dense_rows(sums, weights, events, projection->targets);
    case AXONC_FORMAT_SPARSE:
        return add_sparse_rows(sums, weights, axonc_data(core, projection->synapses_at), events);
#if AXONC_VECTORS
    case AXONC_FORMAT_SPARSE16:
        return axonc_add_sparse16_graded(core, projection, sums, events);
#endif
    default:
        axonc_platform_fail(core, AXONC_ERROR_BAD_FORMAT);
        return 0;
    }
}

/* Lists the events of a packet that have a row, and counts those without. */
static inline void list_events(axonc_core_t *core, const uint32_t *packet, uint32_t there,
                               axonc_events_t *events)
{
    for (uint32_t i = 1; i < core->header->packet_words; i++) {
        const uint32_t row = packet[i] >> 16;

        if (row < there) {
            events->rows[events->count] = row;
            events->values[events->count] = (int16_t)(packet[i] & 0xFFFFu);
            events->count++;
        } else if (row != AXONC_UNUSED) {
            core->status->stray++;
        }
    }
}

/* Takes the first of some packets and those of the same key block behind it, at most BATCH events; returns how many. */
static uint32_t take_graded(axonc_core_t *core, axonc_source_t source, const uint32_t *packets,
                            uint32_t count)
{
    const axonc_projection_t *projections = core->projections + source.first;
    const uint32_t words = core->header->packet_words;
    const uint32_t there = source.count == 0 ? 0 : projections->rows;
    const uint32_t block = axonc_block_of(core, packets[0]);
    axonc_events_t events;
    uint32_t taken = 0;
    uint32_t added = 0;

    events.count = 0;
    do {
        list_events(core, packets + taken * words, there, &events);
        taken++;
    } while (taken < count && events.count + words - 1 <= BATCH &&
             axonc_block_of(core, packets[taken * words]) == block);
    for (uint32_t p = 0; p < source.count; p++) {
        added += add_rows(core, &projections[p], &events);
    }
    core->status->macs += added;
    return taken;
}

/* Takes the first of some spikes and those of the same key block behind it; returns how many. */
static uint32_t take_spikes(axonc_core_t *core, const uint32_t *packets, uint32_t count)
{
    const uint32_t words = core->header->packet_words;
    const uint32_t block = axonc_block_of(core, packets[0]);
    uint32_t keys[BATCH];
    uint32_t taken = 0;

    while (taken < count && taken < BATCH &&
           axonc_block_of(core, packets[taken * words]) == block) {
        keys[taken] = packets[taken * words];
        taken++;
    }
    axonc_take_spikes(core, block, keys, taken);
    return taken;
}

/* Takes the first of some packets, and maybe others; returns how many. */
static uint32_t take_some(axonc_core_t *core, const uint32_t *packets, uint32_t count)
{
    const uint32_t block = axonc_block_of(core, packets[0]);

    if (block >= core->header->block_count) {
        core->status->stray++;
        return 1;
    }
    const axonc_source_t source = core->sources[block];

    return source.graded ? take_graded(core, source, packets, count)
                         : take_spikes(core, packets, count);
}

void axonc_take_packets(axonc_core_t *core, const uint32_t *packets, uint32_t count)
{
    const uint32_t words = core->header->packet_words;

    for (uint32_t taken = 0; taken < count;) {
        taken += take_some(core, packets + taken * words, count - taken);
    }
}
