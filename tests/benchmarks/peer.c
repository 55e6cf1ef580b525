/* The peer of the native target: one network by hand, event-driven, with int8 weights and float32 states. */
#include <stdint.h>
#include <stdlib.h>

#define BATCH 4u

/* A matrix of weights: a row of `targets` for every source. */
typedef struct {
    const int8_t *weights;
    uint32_t targets;
} matrix_t;

/* v = (decay * v + gain * sum) + constant; a spike above the threshold sets v to 0. */
typedef struct {
    float decay;
    float gain;
    float constant;
    float threshold;
} neuron_t;

/* Adds the rows of the sources that sent an event. */
static void add_rows(int32_t *restrict sums, matrix_t matrix, const uint32_t *sources, uint32_t count)
{
    const uint32_t targets = matrix.targets;
    uint32_t i = 0;

    for (; i + BATCH <= count; i += BATCH) {
        const int8_t *restrict a = matrix.weights + sources[i] * targets;
        const int8_t *restrict b = matrix.weights + sources[i + 1] * targets;
        const int8_t *restrict c = matrix.weights + sources[i + 2] * targets;
        const int8_t *restrict d = matrix.weights + sources[i + 3] * targets;

        for (uint32_t t = 0; t < targets; t++) {
            sums[t] += (int16_t)(a[t] + b[t] + c[t] + d[t]);
        }
    }
    for (; i < count; i++) {
        const int8_t *restrict a = matrix.weights + sources[i] * targets;

        for (uint32_t t = 0; t < targets; t++) {
            sums[t] += a[t];
        }
    }
}

/* One step of neurons; clears their sums. */
static void update(neuron_t p, int32_t *restrict sums, float *restrict voltages, uint32_t count)
{
    for (uint32_t n = 0; n < count; n++) {
        voltages[n] = (p.decay * voltages[n] + p.gain * (float)sums[n]) + p.constant;
        sums[n] = 0;
    }
}

/* Resets the neurons above threshold and lists them. */
static uint32_t fire(neuron_t p, float *voltages, uint32_t count, uint32_t *spikes)
{
    uint32_t found = 0;

    for (uint32_t n = 0; n < count; n++) {
        spikes[found] = n;
        found += voltages[n] > p.threshold;
        voltages[n] = voltages[n] > p.threshold ? 0.0f : voltages[n];
    }
    return found;
}

/* Runs inputs -> hidden (recurrent) -> outputs over events in the order of steps; returns the hidden spikes. */
uint64_t peer_run(uint32_t steps, const uint32_t *starts, const uint32_t *events, uint32_t hidden,
                  uint32_t outputs, const int8_t *in, const int8_t *rec, const int8_t *out,
                  const float *hidden_neuron, const float *output_neuron, float *trace)
{
    const neuron_t h = {hidden_neuron[0], hidden_neuron[1], hidden_neuron[2], hidden_neuron[3]};
    const neuron_t o = {output_neuron[0], output_neuron[1], output_neuron[2], 0.0f};
    int32_t *sums = calloc(hidden + outputs, sizeof *sums);
    float *voltages = calloc(hidden + outputs, sizeof *voltages);
    uint32_t *spikes = calloc(hidden + 1, sizeof *spikes);
    uint32_t spiked = 0;
    uint64_t total = 0;

    for (uint32_t step = 0; step < steps; step++) {
        add_rows(sums, (matrix_t){in, hidden}, events + starts[step], starts[step + 1] - starts[step]);
        add_rows(sums, (matrix_t){rec, hidden}, spikes, spiked);
        update(h, sums, voltages, hidden);
        spiked = fire(h, voltages, hidden, spikes);
        total += spiked;
        add_rows(sums + hidden, (matrix_t){out, outputs}, spikes, spiked);
        update(o, sums + hidden, voltages + hidden, outputs);
        for (uint32_t n = 0; n < outputs; n++) {
            trace[step * outputs + n] = voltages[hidden + n];
        }
    }
    free(sums);
    free(voltages);
    free(spikes);
    return total;
}
