/*
 * What the steps of a tensor program are made of: scalar functions, sums over listed sources, the record of a run.
 */
#ifndef AXONC_TENSOR_H
#define AXONC_TENSOR_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "scalars.h"

/* Sums that run side by side, an extension of C that gcc and clang have: on a processor with shorter vectors than these
 * they are several. */
typedef float axonc_sums_t __attribute__((vector_size(64)));
enum { AXONC_SUMS = 16 };

/* The data of a run: an array of all steps for each input, and for each signal that can be recorded, or NULL. */
typedef struct {
    const void *const *inputs;
    void *const *records;
    size_t step;
} axonc_call_t;

/* Copies this step's part of an input. */
static inline void axonc_give(const axonc_call_t *call, size_t input, void *to, size_t bytes)
{
    memcpy(to, (const unsigned char *)call->inputs[input] + call->step * bytes, bytes);
}

/* Keeps a value of this step if it is wanted. */
static inline void axonc_keep(const axonc_call_t *call, size_t record, const void *from, size_t bytes)
{
    if (call->records[record] != NULL) {
        memcpy((unsigned char *)call->records[record] + call->step * bytes, from, bytes);
    }
}

/* Copies a ring of `steps` entries of some bytes each, of which the oldest is `oldest`, oldest first. */
static inline void axonc_unroll(void *to, const void *ring, size_t oldest, size_t steps, size_t bytes)
{
    const size_t newer = (steps - oldest) * bytes;

    memcpy(to, (const unsigned char *)ring + oldest * bytes, newer);
    memcpy((unsigned char *)to + newer, ring, oldest * bytes);
}

/* y[rows[j]] += numbers[k] values[j] for every entry j of the columns of the listed sources, in order. */
static inline void axonc_sparse_columns(float *restrict y, const uint32_t *restrict first,
    const uint32_t *restrict rows, const float *restrict values, const uint32_t *restrict sources,
    const float *restrict numbers, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        const size_t end = first[sources[k] + 1];
        for (size_t j = first[sources[k]]; j < end; j++) {
            y[rows[j]] += numbers[k] * values[j];
        }
    }
}

#endif
