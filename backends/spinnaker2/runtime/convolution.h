/* Events through kernels that all places of an image share. */
#ifndef AXONC_CONVOLUTION_H
#define AXONC_CONVOLUTION_H

#include "runtime.h"

/*
 * Adds the weights of source neurons to the accumulators of all that they reach; returns how many were added. In
 * convolution.c.
 */
uint32_t axonc_add_kernel(const axonc_core_t *core, const axonc_kernel_t *kernel, int32_t *sums,
                          const int8_t *weights, const uint32_t *neurons, uint32_t count);

#endif
