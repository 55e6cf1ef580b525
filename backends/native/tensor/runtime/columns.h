/*
 * Matrix times vector, for LANES outputs at a time. Included once for each LANES.
 *
 * Every output adds up from its bias on, one source after the other: the sums of LANES outputs run side by side in
 * registers, and no sum is split.
 */
#ifndef AXONC_JOIN
#define AXONC_JOIN_NAMES(a, b) a##b
#define AXONC_JOIN(a, b) AXONC_JOIN_NAMES(a, b)
#endif

/* y[o] = start[o] + the sum over k < count of numbers[k] w[o][sources[k]]; panels: w as [o / LANES][source][LANES]. */
static inline void AXONC_JOIN(axonc_columns_, LANES)(float *restrict y, const float *restrict start,
    const float *restrict panels, const uint32_t *restrict sources, const float *restrict numbers, size_t count,
    size_t inputs, size_t outputs)
{
    for (size_t first = 0; first < outputs; first += LANES) {
        const axonc_sums_t *begin = (const axonc_sums_t *)(const void *)(start + first);
        const axonc_sums_t *panel = (const axonc_sums_t *)(const void *)(panels + first * inputs);
        axonc_sums_t sum[LANES / AXONC_SUMS];
        for (size_t v = 0; v < LANES / AXONC_SUMS; v++) {
            sum[v] = begin[v];
        }
        for (size_t k = 0; k < count; k++) {
            const axonc_sums_t *row = panel + sources[k] * (size_t)(LANES / AXONC_SUMS);
            for (size_t v = 0; v < LANES / AXONC_SUMS; v++) {
                sum[v] += numbers[k] * row[v];
            }
        }
        const size_t left = outputs - first;
        memcpy(y + first, sum, (left < LANES ? left : LANES) * sizeof *y);
    }
}
