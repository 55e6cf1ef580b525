/*
 * What is learned from an output, surrogates of events, and the moves of parameters. `hyper` comes with every step of
 * training.
 */
#ifndef AXONC_LEARNING_H
#define AXONC_LEARNING_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "functions.h"

enum { AXONC_KEPT, AXONC_RATE, AXONC_MEAN_SCALE, AXONC_SQUARE_ROOT, AXONC_SHARE, AXONC_HYPER };

/* What takes the place of an event's derivative, at a distance x from the threshold; as the compiler's ops define it. */
static inline float axonc_superspike(float x, float beta)
{
    const float root = beta * fabsf(x) + 1.0f;
    return 1.0f / (root * root);
}

static inline float axonc_fast_sigmoid(float x, float slope)
{
    const float root = slope * fabsf(x) + 1.0f;
    return slope / (2.0f * (root * root));
}

static inline float axonc_triangle(float x, float damping, float support)
{
    const float height = 1.0f - support * fabsf(x);
    return damping * (height > 0.0f ? height : 0.0f);
}

static inline float axonc_straight_through(float x)
{
    (void)x;
    return 1.0f;
}

/*
 * The part of one sample in -log softmax(r)[label], and its derivative; r = scale (pooled / divisor). The sum runs
 * over ascending classes. A label that is no class counts for nothing.
 */
static inline float axonc_cross_entropy_sample(float *restrict slope, const float *restrict pooled, uint32_t label,
    size_t classes, float divisor, float scale, float share)
{
    float largest = scale * (pooled[0] / divisor), sum = 0.0f;
    for (size_t c = 1; c < classes; c++) {
        largest = fmaxf(largest, scale * (pooled[c] / divisor));
    }
    for (size_t c = 0; c < classes; c++) {
        slope[c] = axonc_expf(scale * (pooled[c] / divisor) - largest);
        sum += slope[c];
    }
    for (size_t c = 0; c < classes; c++) {
        const float off = (slope[c] / sum - (c == label ? 1.0f : 0.0f)) * share;
        slope[c] = label < classes ? off * scale / divisor : 0.0f;
    }
    return label < classes ? axonc_logf(sum) - (scale * (pooled[label] / divisor) - largest) : 0.0f;
}

/* The mean loss of a batch; `slope`: its derivative with respect to the output of a step. */
static inline float axonc_cross_entropy(float *restrict slope, const float *restrict pooled,
    const uint32_t *restrict target, size_t batch, size_t classes, float divisor, float scale, float share)
{
    float total = 0.0f;
    for (size_t b = 0; b < batch; b++) {
        const size_t at = b * classes;
        total += axonc_cross_entropy_sample(slope + at, pooled + at, target[b], classes, divisor, scale, share);
    }
    return total * share;
}

/* The mean of (r - target)^2, r = pooled / divisor. A target that is no number counts for nothing. */
static inline float axonc_mean_squared(float *restrict slope, const float *restrict pooled,
    const float *restrict target, size_t elements, float divisor, float share)
{
    float total = 0.0f;
    for (size_t n = 0; n < elements; n++) {
        const float off = isnan(target[n]) ? 0.0f : pooled[n] / divisor - target[n];
        total += off * off;
        slope[n] = off * (2.0f * share) / divisor;
    }
    return total * share;
}

/* Momentum: u = inertia u + gradient; value = kept value - rate u. */
static inline void axonc_sgd(float *restrict value, const float *restrict gradient, float *restrict momentum,
    size_t count, const float *restrict hyper, float inertia)
{
    for (size_t n = 0; n < count; n++) {
        momentum[n] = momentum[n] * inertia + gradient[n];
        value[n] = value[n] * hyper[AXONC_KEPT] - hyper[AXONC_RATE] * momentum[n];
    }
}

/* Running means of the gradient and of its square; value = kept value - rate mean' / (sqrt(square') + epsilon). */
static inline void axonc_adam(float *restrict value, const float *restrict gradient, float *restrict mean,
    float *restrict square, size_t count, const float *restrict hyper, float beta1, float rest1, float beta2,
    float rest2, float epsilon)
{
    for (size_t n = 0; n < count; n++) {
        const float g = gradient[n];
        mean[n] = mean[n] * beta1 + g * rest1;
        square[n] = square[n] * beta2 + g * g * rest2;
        const float change = hyper[AXONC_MEAN_SCALE] * mean[n] / (sqrtf(square[n]) / hyper[AXONC_SQUARE_ROOT] + epsilon);
        value[n] = value[n] * hyper[AXONC_KEPT] - hyper[AXONC_RATE] * change;
    }
}

#endif
