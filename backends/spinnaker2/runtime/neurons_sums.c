/* Partial sums: what a core has summed is sent to the core that adds all up. */
#include "gated.h"

#define BASE (INT32_C(1) << 15)

/* Turns sums, in two digits each, into digits of which the low one is from -BASE / 2 to BASE / 2 - 1. */
static void carry(int32_t *low, int32_t *high, uint32_t count)
{
    for (uint32_t n = 0; n < count; n++) {
        const int32_t sum = low[n] + high[n] * BASE;
        const int32_t rest = (int32_t)((uint32_t)(sum + BASE / 2) & (BASE - 1)) - BASE / 2;

        low[n] = rest;
        high[n] = (sum - rest) / BASE;
    }
}

void axonc_partial_sums_q16(axonc_core_t *core, uint32_t index)
{
    const axonc_population_t *population = &core->populations[index];
    int32_t *sums = axonc_accumulators(core, population, 0);
    int16_t *given = axonc_work(core, population->voltage_at);

    if (!axonc_is_due(core, population)) {
        return;
    }
    axonc_sender_t sender = axonc_sender_of(core, population);

    carry(sums, sums + population->count / 2, population->count / 2);
    for (uint32_t n = 0; n < population->count; n++) {
        given[n] = (int16_t)sums[n];
        if (sums[n] != 0) {
            axonc_send_value(&sender, n, sums[n]);
        }
        sums[n] = 0;
    }
    axonc_send_rest(&sender);
}
