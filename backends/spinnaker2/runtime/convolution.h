/* Events through kernels that all places of an image share. */
#ifndef AXONC_CONVOLUTION_H
#define AXONC_CONVOLUTION_H

#include "runtime.h"

/* Adds the weights of one source neuron to the accumulators of all that it reaches. In convolution.c. */
void axonc_add_kernel(const axonc_core_t *core, const axonc_kernel_t *kernel, int32_t *sums,
                      const int8_t *weights, uint32_t neuron);

#endif
