/*
 * Sums of rows of matrices. Every element adds up one row after the other, each product rounded before it is added; the
 * sums of many elements run side by side in registers, and no sum is split.
 */
#ifndef AXONC_PRODUCTS_H
#define AXONC_PRODUCTS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Numbers that are computed with side by side, wherever they lie: an extension of C that gcc and clang have. */
typedef float axonc_wide_t __attribute__((vector_size(64), aligned(4)));
enum { AXONC_WIDE = 16, AXONC_LANES = 4, AXONC_PANEL = 4 };

/* For functions whose loops over lanes have bounds that only the caller knows. */
#define AXONC_INLINE static inline __attribute__((always_inline))

/* The iterations of the loop that follows do not depend on each other. */
#ifdef __clang__
#define AXONC_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define AXONC_INDEPENDENT _Pragma("GCC ivdep")
#endif

/* What `axonc_add_rows` does for `wide` times AXONC_WIDE elements, whose sums stay in registers. */
AXONC_INLINE void axonc_add_panel(float *restrict y, const float *restrict rows, size_t width,
    const uint32_t *restrict places, const float *restrict numbers, size_t count, size_t lanes, size_t wide)
{
    axonc_wide_t sum[AXONC_LANES][AXONC_PANEL];
    for (size_t l = 0; l < lanes; l++) {
        memcpy(sum[l], y + l * width, wide * sizeof sum[l][0]);
    }
    for (size_t k = 0; k < count; k++) {
        const axonc_wide_t *row = (const axonc_wide_t *)(const void *)(rows + places[k] * width);
        for (size_t l = 0; l < lanes; l++) {
            for (size_t v = 0; v < wide; v++) {
                sum[l][v] += numbers[k * lanes + l] * row[v];
            }
        }
    }
    for (size_t l = 0; l < lanes; l++) {
        memcpy(y + l * width, sum[l], wide * sizeof sum[l][0]);
    }
}

/* y[l][n] += the sum over k < count of numbers[k][l] rows[places[k]][n], for lanes l and n < width. */
AXONC_INLINE void axonc_add_rows(float *restrict y, const float *restrict rows, size_t width,
    const uint32_t *restrict places, const float *restrict numbers, size_t count, size_t lanes)
{
    const size_t wide = lanes == 1 ? AXONC_PANEL : AXONC_PANEL / 2;
    size_t first = 0;
    for (; first + AXONC_WIDE * wide <= width; first += AXONC_WIDE * wide) {
        axonc_add_panel(y + first, rows + first, width, places, numbers, count, lanes, wide);
    }
    for (; first + AXONC_WIDE <= width; first += AXONC_WIDE) {
        axonc_add_panel(y + first, rows + first, width, places, numbers, count, lanes, 1);
    }
    for (size_t k = 0; k < count && first < width; k++) {
        for (size_t l = 0; l < lanes; l++) {
            for (size_t n = first; n < width; n++) {
                y[l * width + n] += numbers[k * lanes + l] * rows[places[k] * width + n];
            }
        }
    }
}

/* y[b][n] = bias[n / each] (-0 becomes 0), or 0 where there is none. */
static inline void axonc_begin_sums(float *restrict y, const float *restrict bias, size_t batch, size_t width,
    size_t each)
{
    for (size_t b = 0; b < batch; b++) {
        for (size_t n = 0; n < width; n++) {
            y[b * width + n] = bias == NULL ? 0.0f : bias[n / each] + 0.0f;
        }
    }
}

/* to[n][i] = from[i][n]. */
static inline void axonc_turn(float *restrict to, const float *restrict from, size_t sources, size_t width)
{
    for (size_t n = 0; n < width; n++) {
        for (size_t i = 0; i < sources; i++) {
            to[n * sources + i] = from[i * width + n];
        }
    }
}

/* gradient[n / each] += the sum over samples, then over n, of y[b][n]. */
static inline void axonc_add_samples(float *restrict gradient, const float *restrict y, size_t batch, size_t width,
    size_t each)
{
    for (size_t b = 0; b < batch; b++) {
        for (size_t n = 0; n < width; n++) {
            gradient[n / each] += y[b * width + n];
        }
    }
}

/*
 * Weights of pairs of sources and targets: source i meets targets[j], first[i] <= j < first[i + 1], by the weight
 * weights[entries[j]]; weights NULL: 1. dx[b][i] = the sum over ascending targets of that times dy[b][target].
 */
static inline void axonc_stored_back(float *restrict dx, const float *restrict dy, const float *restrict weights,
    const uint32_t *restrict first, const uint32_t *restrict targets, const uint32_t *restrict entries, size_t batch,
    size_t sources, size_t width)
{
    for (size_t b = 0; b < batch; b++) {
        for (size_t i = 0; i < sources; i++) {
            float sum = 0.0f;
            for (size_t j = first[i]; j < first[i + 1]; j++) {
                sum += (weights == NULL ? 1.0f : weights[entries[j]]) * dy[b * width + targets[j]];
            }
            dx[b * sources + i] = sum;
        }
    }
}

#endif
