/*
 * Matrices and signals of VALUE elements, u1 (events) or f4: products forward and backward, and gradients. Included once
 * for each KIND. Signals are [batch][elements]; a dense matrix has a row for every source, so that one of its rows leads
 * to all targets. What is 0 is passed over: of events each by itself, of f4 where LANES of them side by side are.
 */
#define AXONC_JOIN_NAMES(a, b) a##b
#define AXONC_JOIN(a, b) AXONC_JOIN_NAMES(a, b)

/*
 * Lists which of `count` items, `apart` from each other, are not 0 in all of so many lanes, `next` to each other: their
 * places, and a number for each lane.
 */
AXONC_INLINE size_t AXONC_JOIN(axonc_list_, KIND)(uint32_t *restrict places, float *restrict numbers,
    const VALUE *restrict x, size_t count, size_t apart, size_t next, size_t lanes)
{
    size_t listed = 0;
    for (size_t i = 0; i < count; i++) {
        bool any = false;
        for (size_t l = 0; l < lanes; l++) {
            numbers[listed * lanes + l] = x[i * apart + l * next];
            any |= x[i * apart + l * next] != 0;
        }
        places[listed] = (uint32_t)i;
        listed += any;
    }
    return listed;
}

/* y[l] += the sum over ascending items i of x[l next + i apart] rows[i], for all lanes l; rows have `width` elements. */
static inline void AXONC_JOIN(axonc_sums_, KIND)(float *restrict y, const VALUE *restrict x, const float *restrict rows,
    size_t lanes, size_t items, size_t width, size_t apart, size_t next, uint32_t *restrict places,
    float *restrict numbers)
{
    size_t l = 0;
    for (; l + LANES <= lanes; l += LANES) {
        const size_t count = AXONC_JOIN(axonc_list_, KIND)(places, numbers, x + l * next, items, apart, next, LANES);
        axonc_add_rows(y + l * width, rows, width, places, numbers, count, LANES);
    }
    for (; l < lanes; l++) {
        const size_t count = AXONC_JOIN(axonc_list_, KIND)(places, numbers, x + l * next, items, apart, next, 1);
        axonc_add_rows(y + l * width, rows, width, places, numbers, count, 1);
    }
}

/* y[b] += the sum over ascending sources i of x[b][i] weights[i]. */
static inline void AXONC_JOIN(axonc_product_, KIND)(float *restrict y, const VALUE *restrict x,
    const float *restrict weights, size_t batch, size_t sources, size_t width, uint32_t *restrict places,
    float *restrict numbers)
{
    AXONC_JOIN(axonc_sums_, KIND)(y, x, weights, batch, sources, width, 1, sources, places, numbers);
}

/* gradient[i] += the sum over ascending samples b of x[b][i] y[b]. */
static inline void AXONC_JOIN(axonc_outer_, KIND)(float *restrict gradient, const float *restrict y,
    const VALUE *restrict x, size_t batch, size_t sources, size_t width, uint32_t *restrict places,
    float *restrict numbers)
{
    AXONC_JOIN(axonc_sums_, KIND)(gradient, x, y, sources, batch, width, sources, 1, places, numbers);
}

/* The same with weights of pairs (`axonc_stored_back`): y[b] += the sum over ascending sources. */
static inline void AXONC_JOIN(axonc_stored_product_, KIND)(float *restrict y, const VALUE *restrict x,
    const float *restrict weights, const uint32_t *restrict first, const uint32_t *restrict targets,
    const uint32_t *restrict entries, size_t batch, size_t sources, size_t width)
{
    for (size_t b = 0; b < batch; b++) {
        for (size_t i = 0; i < sources; i++) {
            const float value = x[b * sources + i];
            for (size_t j = first[i]; value != 0.0f && j < first[i + 1]; j++) {
                y[b * width + targets[j]] += (weights == NULL ? 1.0f : weights[entries[j]]) * value;
            }
        }
    }
}

/* gradient[w] += the sum over samples, then sources, then targets that meet by weight w, of dy[b][target] x[b][i]. */
static inline void AXONC_JOIN(axonc_stored_outer_, KIND)(float *restrict gradient, const float *restrict dy,
    const VALUE *restrict x, const uint32_t *restrict first, const uint32_t *restrict targets,
    const uint32_t *restrict entries, size_t batch, size_t sources, size_t width)
{
    for (size_t b = 0; b < batch; b++) {
        for (size_t i = 0; i < sources; i++) {
            const float value = x[b * sources + i];
            for (size_t j = first[i]; value != 0.0f && j < first[i + 1]; j++) {
                gradient[entries[j]] += dy[b * width + targets[j]] * value;
            }
        }
    }
}

#undef AXONC_JOIN
#undef AXONC_JOIN_NAMES
