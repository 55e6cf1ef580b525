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
        const float *panel = panels + first * inputs;
        float sum[LANES];
        for (size_t lane = 0; lane < LANES; lane++) {
            sum[lane] = start[first + lane];
        }
        for (size_t k = 0; k < count; k++) {
            const float *row = panel + sources[k] * (size_t)LANES;
            const float x = numbers[k];
            for (size_t lane = 0; lane < LANES; lane++) {
                sum[lane] += x * row[lane];
            }
        }
        const size_t left = outputs - first;
        memcpy(y + first, sum, (left < LANES ? left : LANES) * sizeof *sum);
    }
}
