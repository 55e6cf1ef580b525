/*
 * Convolution: at every place the same taps, for LANES channels and PLACES places at a time. Included once for each
 * LANES. The sums of all lanes and places run side by side in registers; each adds up in the order of the taps.
 */
#ifndef AXONC_JOIN
#define AXONC_JOIN_NAMES(a, b) a##b
#define AXONC_JOIN(a, b) AXONC_JOIN_NAMES(a, b)
#endif

/* The places at a time: as many sums as there are registers for. */
#undef AXONC_PLACES
#define AXONC_PLACES (128 / LANES)

/* The sums of `width` <= AXONC_PLACES places, written to y[channel * places + place]. */
static inline void AXONC_JOIN(axonc_tile_, LANES)(float *restrict y, const float *restrict start,
    const float *restrict panel, const float *restrict x, const uint32_t *restrict at, const uint32_t *restrict taps,
    size_t places, size_t count, size_t channels, size_t width)
{
    const axonc_sums_t *begin = (const axonc_sums_t *)(const void *)start;
    const axonc_sums_t *rows = (const axonc_sums_t *)(const void *)panel;
    axonc_sums_t sum[AXONC_PLACES][LANES / AXONC_SUMS];
    size_t from[AXONC_PLACES];
    for (size_t p = 0; p < AXONC_PLACES; p++) {
        from[p] = at[p < width ? p : 0];
        for (size_t v = 0; v < LANES / AXONC_SUMS; v++) {
            sum[p][v] = begin[v];
        }
    }
    for (size_t k = 0; k < count; k++) {
        const float *seen = x + taps[k];
        for (size_t p = 0; p < AXONC_PLACES; p++) {
            for (size_t v = 0; v < LANES / AXONC_SUMS; v++) {
                sum[p][v] += seen[from[p]] * rows[k * (LANES / AXONC_SUMS) + v];
            }
        }
    }
    float kept[AXONC_PLACES][LANES];
    memcpy(kept, sum, sizeof kept);
    for (size_t lane = 0; lane < channels; lane++) {
        for (size_t p = 0; p < width; p++) {
            y[lane * places + p] = kept[p][lane];
        }
    }
}

/* y[o][p] = start[o] + the sum over k < count of x[at[p] + taps[k]] w[o][k]; panels: w as [o / LANES][k][LANES]. */
static inline void AXONC_JOIN(axonc_windows_, LANES)(float *restrict y, const float *restrict start,
    const float *restrict panels, const float *restrict x, const uint32_t *restrict at, const uint32_t *restrict taps,
    size_t places, size_t count, size_t outputs)
{
    for (size_t first = 0; first < outputs; first += LANES) {
        const size_t left = outputs - first;
        for (size_t place = 0; place < places; place += AXONC_PLACES) {
            const size_t width = places - place < AXONC_PLACES ? places - place : AXONC_PLACES;
            AXONC_JOIN(axonc_tile_, LANES)(y + first * places + place, start + first, panels + first * count, x,
                at + place, taps, places, count, left < LANES ? left : LANES, width);
        }
    }
}
