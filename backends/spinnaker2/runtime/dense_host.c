/* Dense rows of graded events on a host with vectors of 512 bits, which multiply pairs of 16-bit numbers and add them. */
#include "rows.h"

#ifdef __AVX512BW__

#include <immintrin.h>

/* Targets whose weights fill a vector. */
#define TILE 64u

/* Vectors of their sums. */
#define PARTS 4u

/* Rows that are added together: every accumulator is loaded and stored only once. */
#define ROWS 16u

/* Two values, to multiply weights of two rows that stand side by side. */
static __m512i pair(const int32_t *values)
{
    return _mm512_set1_epi32((int32_t)(((uint32_t)values[0] & 0xFFFFu) | (uint32_t)values[1] << 16));
}

/* A half of a vector of weights, in 16 bits. */
AXONC_SPECIALISED __m512i lower(__m512i weights)
{
    return _mm512_cvtepi8_epi16(_mm512_castsi512_si256(weights));
}

AXONC_SPECIALISED __m512i upper(__m512i weights)
{
    return _mm512_cvtepi8_epi16(_mm512_extracti64x4_epi64(weights, 1));
}

/* Adds multiples of a tile of two rows. Targets stand in the order in which `ordered` expects them. */
AXONC_SPECIALISED void add_two(__m512i *parts, __m512i first, __m512i second, __m512i values)
{
    const __m512i low = _mm512_unpacklo_epi8(first, second);
    const __m512i high = _mm512_unpackhi_epi8(first, second);

    parts[0] = _mm512_add_epi32(parts[0], _mm512_madd_epi16(lower(low), values));
    parts[1] = _mm512_add_epi32(parts[1], _mm512_madd_epi16(lower(high), values));
    parts[2] = _mm512_add_epi32(parts[2], _mm512_madd_epi16(upper(low), values));
    parts[3] = _mm512_add_epi32(parts[3], _mm512_madd_epi16(upper(high), values));
}

/* Sums of 16 targets that follow each other, by their place in the tile. */
AXONC_SPECIALISED __m512i ordered(const __m512i *parts, uint32_t place)
{
    const __m512i first = parts[place / 2 * 2];
    const __m512i second = parts[place / 2 * 2 + 1];

    return place % 2 == 0 ? _mm512_shuffle_i64x2(first, second, 0x44)
                          : _mm512_shuffle_i64x2(first, second, 0xEE);
}

/* Adds a tile of ROWS rows, of which a mask says which targets there are. */
AXONC_SPECIALISED void add_tile(int32_t *sums, const int8_t *weights, const uint32_t *rows,
                                const __m512i *values, uint32_t targets, uint64_t mask)
{
    __m512i parts[PARTS] = {_mm512_setzero_si512(), _mm512_setzero_si512(),
                            _mm512_setzero_si512(), _mm512_setzero_si512()};

#pragma GCC unroll 8
    for (uint32_t i = 0; i < ROWS; i += 2) {
        const __m512i first = _mm512_maskz_loadu_epi8(mask, weights + rows[i] * targets);
        const __m512i second = _mm512_maskz_loadu_epi8(mask, weights + rows[i + 1] * targets);

        add_two(parts, first, second, values[i / 2]);
    }
#pragma GCC unroll 4
    for (uint32_t i = 0; i < PARTS; i++) {
        const __mmask16 there = (__mmask16)(mask >> (16 * i));
        const __m512i before = _mm512_maskz_loadu_epi32(there, sums + 16 * i);

        _mm512_mask_storeu_epi32(sums + 16 * i, there, _mm512_add_epi32(before, ordered(parts, i)));
    }
}

/* Adds ROWS rows. */
static void add_rows(int32_t *sums, const int8_t *weights, const uint32_t *rows,
                     const int32_t *values, uint32_t targets)
{
    __m512i pairs[ROWS / 2];
    uint32_t done = 0;

    for (uint32_t i = 0; i < ROWS / 2; i++) {
        pairs[i] = pair(values + 2 * i);
    }
    for (; done + TILE <= targets; done += TILE) {
        add_tile(sums + done, weights + done, rows, pairs, targets, UINT64_MAX);
    }
    if (done < targets) {
        add_tile(sums + done, weights + done, rows, pairs, targets,
                 (UINT64_C(1) << (targets - done)) - 1);
    }
}

uint32_t axonc_add_dense_vectors(int32_t *sums, const int8_t *weights, const axonc_events_t *events,
                                 uint32_t targets)
{
    uint32_t done = 0;

    for (; done + ROWS <= events->count; done += ROWS) {
        add_rows(sums, weights, events->rows + done, events->values + done, targets);
    }
    return done;
}

#else

/* Narrower vectors do as well with the rows that follow. */
uint32_t axonc_add_dense_vectors(int32_t *sums, const int8_t *weights, const axonc_events_t *events,
                                 uint32_t targets)
{
    (void)sums;
    (void)weights;
    (void)events;
    (void)targets;
    return 0;
}

#endif
