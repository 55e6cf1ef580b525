/*
 * Neuron kernels: one model step of a population, if it is due in this slot.
 *
 * lif: the summed weights drive the membrane. cuba_lif: they drive a synaptic current, which drives
 * the membrane. q16, q32, f32: what the state is stored in; q16 and q32 share their arithmetic, and hold states of
 * fewer bits, too. levels: the voltage is a code of a byte, the current a float.
 * A leaky integrator is a neuron with a threshold that is never exceeded.
 *
 * gru, reset_gate, lstm: gated units, with several accumulators each; cells and what they give are in 16 bits.
 * partial_sums: what is summed leaves as two digits, each a graded event.
 * gru_after: the reset gate acts on the recurrent sum, all in one population, gru_before: on what is summed.
 */
#ifndef AXONC_NEURONS_H
#define AXONC_NEURONS_H

#include "runtime.h"

void axonc_lif_q16(axonc_core_t *core, uint32_t population);
void axonc_lif_q32(axonc_core_t *core, uint32_t population);
void axonc_lif_f32(axonc_core_t *core, uint32_t population);
void axonc_lif_levels(axonc_core_t *core, uint32_t population);
void axonc_cuba_lif_q16(axonc_core_t *core, uint32_t population);
void axonc_cuba_lif_q32(axonc_core_t *core, uint32_t population);
void axonc_cuba_lif_f32(axonc_core_t *core, uint32_t population);
void axonc_cuba_lif_levels(axonc_core_t *core, uint32_t population);
void axonc_gru_after_q16(axonc_core_t *core, uint32_t population);
void axonc_gru_before_q16(axonc_core_t *core, uint32_t population);
void axonc_reset_gate_q16(axonc_core_t *core, uint32_t population);
void axonc_lstm_q16(axonc_core_t *core, uint32_t population);
void axonc_partial_sums_q16(axonc_core_t *core, uint32_t population);

/* The loops below are written once and must be specialised for each kernel. */
#define AXONC_SPECIALISED static inline __attribute__((always_inline))

/* What seldom happens is kept out of the loops. */
#define AXONC_RARE static __attribute__((noinline, cold))
#define AXONC_LIKELY(condition) __builtin_expect((condition), 1)
#define AXONC_UNLIKELY(condition) __builtin_expect((condition), 0)

/* Whether loops over many neurons pay, with spikes sent after them: on a host with vector units. */
#ifdef __ARM_ARCH_7EM__
#define AXONC_VECTORS 0
#else
#define AXONC_VECTORS 1
#endif

/* Whether a neuron that was above threshold has its reset still to come. */
static inline bool axonc_is_pending(uint32_t reset)
{
    return reset == AXONC_RESET_SUBTRACT_GUARDED || reset == AXONC_RESET_SUBTRACT_NEXT;
}

#endif
