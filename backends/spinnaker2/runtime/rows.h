/*
 * Rows: the weights from a source neuron to the accumulators of a projection's window, in one of several formats.
 *
 * Each format has two functions. Both return how many weights they added; sums are the accumulators of the window. A
 * program calls those of the formats that its network has, and only these are linked.
 */
#ifndef AXONC_ROWS_H
#define AXONC_ROWS_H

#include "neurons.h"
#include "runtime.h"

/* Rows whose sum a core keeps in a register. */
#define AXONC_FEW 4u

/* Events of one key block that are taken together. */
#define AXONC_BATCH (AXONC_VECTORS ? 32u : AXONC_FEW)

/* Graded events of one key block that are taken together: their rows, and by what to multiply these. */
typedef struct {
    uint32_t count;
    uint32_t rows[AXONC_BATCH];
    int32_t values[AXONC_BATCH];
} axonc_events_t;

/* Adds rows, at most AXONC_BATCH of them. */
#define AXONC_ADDS(format) \
    uint32_t axonc_add_##format(const axonc_core_t *core, const axonc_projection_t *projection, \
                                int32_t *sums, const uint32_t *rows, uint32_t count)

/* Adds rows, each times the value of its event. */
#define AXONC_ADDS_GRADED(format) \
    uint32_t axonc_add_##format##_graded(const axonc_core_t *core, \
                                         const axonc_projection_t *projection, int32_t *sums, \
                                         const axonc_events_t *events)

/* Weights of 8 bits. In rows_bytes.c. */
AXONC_ADDS(dense);
AXONC_ADDS_GRADED(dense);
AXONC_ADDS(sparse);
AXONC_ADDS_GRADED(sparse);

/* The same, four side by side. In rows_blocks.c. */
AXONC_ADDS(blocks);
AXONC_ADDS_GRADED(blocks);

/* The same in long sparse rows. In rows_host.c. */
AXONC_ADDS(sparse16);
AXONC_ADDS_GRADED(sparse16);

/* Weights of 16 bits. In rows_wide.c. */
AXONC_ADDS(dense16);
AXONC_ADDS_GRADED(dense16);
AXONC_ADDS(wide);
AXONC_ADDS_GRADED(wide);

/* Weights of 4 bits. In rows_packed.c. */
AXONC_ADDS(dense4);
AXONC_ADDS_GRADED(dense4);
AXONC_ADDS(pairs);
AXONC_ADDS_GRADED(pairs);

/* Weights of 1 and -1. In rows_packed.c. */
AXONC_ADDS(dense2);
AXONC_ADDS_GRADED(dense2);
AXONC_ADDS(signs);
AXONC_ADDS_GRADED(signs);

/* Weights of 8 bits that lie in DRAM. In rows_dram.c. */
AXONC_ADDS(dram_dense);
AXONC_ADDS_GRADED(dram_dense);
AXONC_ADDS(dram_sparse);
AXONC_ADDS_GRADED(dram_sparse);

/* The kernel of a convolution, at all places that a source neuron reaches: weights of 8 bits. In convolution.c. */
AXONC_ADDS(kernel);
AXONC_ADDS_GRADED(kernel);

/* Of 16 bits. In convolution_wide.c. */
AXONC_ADDS(kernel16);
AXONC_ADDS_GRADED(kernel16);

/* Of 4 bits, and of 1 and -1. In convolution_packed.c. */
AXONC_ADDS(kernel4);
AXONC_ADDS_GRADED(kernel4);
AXONC_ADDS(kernel2);
AXONC_ADDS_GRADED(kernel2);

/* Adds rows of whatever format. Generated: both are part of a program. */
uint32_t axonc_add_rows(axonc_core_t *core, const axonc_projection_t *projection, int32_t *sums,
                        const uint32_t *rows, uint32_t count);
uint32_t axonc_add_graded_rows(axonc_core_t *core, const axonc_projection_t *projection, int32_t *sums,
                               const axonc_events_t *events);

#if AXONC_VECTORS
/* Adds multiples of the first dense rows, as many as suit vectors; returns how many. In dense_host.c. */
uint32_t axonc_add_dense_vectors(int32_t *sums, const int8_t *weights, const axonc_events_t *events,
                                 uint32_t targets);
#endif

#endif
