/*
 * Losses and the moves of parameters, of one element each: the same file in C and on tiles. `hyper` comes with every
 * step of training.
 */
#ifndef AXONC_ELEMENTS_H
#define AXONC_ELEMENTS_H

#include <math.h>

enum { AXONC_KEPT, AXONC_RATE, AXONC_MEAN_SCALE, AXONC_SQUARE_ROOT, AXONC_SHARE, AXONC_HYPER };

/* What a softmax sees of an output: scale r, r = pooled / divisor. */
static inline float axonc_logit(float pooled, float divisor, float scale) { return scale * (pooled / divisor); }

/* The derivative of -log softmax(scale r)[label] with respect to the output of a step; `part`: the softmax of a class,
 * `wanted`: 1 where it is the label, else 0; `share`: of the loss, that a sample has. */
static inline float axonc_cross_entropy_slope(float part, float wanted, float divisor, float scale, float share)
{
    const float off = (part - wanted) * share;
    return off * scale / divisor;
}

/* (r - target)^2, and its derivative with respect to the output of a step. A target that is no number counts for
 * nothing. */
static inline float axonc_squared(float *slope, float pooled, float target, float divisor, float share)
{
    const float off = isnan(target) ? 0.0f : pooled / divisor - target;
    *slope = off * (2.0f * share) / divisor;
    return off * off;
}

/* Momentum: u = inertia u + gradient; value = kept value - rate u. */
static inline void axonc_sgd_move(float *value, float *momentum, float gradient, const float *hyper, float inertia)
{
    *momentum = *momentum * inertia + gradient;
    *value = *value * hyper[AXONC_KEPT] - hyper[AXONC_RATE] * *momentum;
}

/* Running means of the gradient and of its square; value = kept value - rate mean' / (sqrt(square') + epsilon). */
static inline void axonc_adam_move(float *value, float *mean, float *square, float gradient, const float *hyper,
    float beta1, float rest1, float beta2, float rest2, float epsilon)
{
    *mean = *mean * beta1 + gradient * rest1;
    *square = *square * beta2 + gradient * gradient * rest2;
    const float change = hyper[AXONC_MEAN_SCALE] * *mean / (sqrtf(*square) / hyper[AXONC_SQUARE_ROOT] + epsilon);
    *value = *value * hyper[AXONC_KEPT] - hyper[AXONC_RATE] * change;
}

#endif
