/*
 * What is learned from an output, surrogates of events, and the moves of parameters.
 */
#ifndef AXONC_LEARNING_H
#define AXONC_LEARNING_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "elements.h"
#include "functions.h"

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
    float largest = axonc_logit(pooled[0], divisor, scale), sum = 0.0f;
    for (size_t c = 1; c < classes; c++) {
        largest = fmaxf(largest, axonc_logit(pooled[c], divisor, scale));
    }
    for (size_t c = 0; c < classes; c++) {
        slope[c] = axonc_expf(axonc_logit(pooled[c], divisor, scale) - largest);
        sum += slope[c];
    }
    for (size_t c = 0; c < classes; c++) {
        const float wanted = c == label ? 1.0f : 0.0f;
        const float off = axonc_cross_entropy_slope(slope[c] / sum, wanted, divisor, scale, share);
        slope[c] = label < classes ? off : 0.0f;
    }
    return label < classes ? axonc_logf(sum) - (axonc_logit(pooled[label], divisor, scale) - largest) : 0.0f;
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
        total += axonc_squared(&slope[n], pooled[n], target[n], divisor, share);
    }
    return total * share;
}

/* All elements of a parameter. */
static inline void axonc_sgd(float *restrict value, const float *restrict gradient, float *restrict momentum,
    size_t count, const float *restrict hyper, float inertia)
{
    for (size_t n = 0; n < count; n++) {
        axonc_sgd_move(&value[n], &momentum[n], gradient[n], hyper, inertia);
    }
}

/* All elements of a parameter. */
static inline void axonc_adam(float *restrict value, const float *restrict gradient, float *restrict mean,
    float *restrict square, size_t count, const float *restrict hyper, float beta1, float rest1, float beta2,
    float rest2, float epsilon)
{
    for (size_t n = 0; n < count; n++) {
        axonc_adam_move(&value[n], &mean[n], &square[n], gradient[n], hyper, beta1, rest1, beta2, rest2, epsilon);
    }
}

#endif
