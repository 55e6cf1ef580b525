/*
 * tanh and sigmoid in float: the operations of the reference interpreter, one after the other, each rounded once, so that
 * they give its bits.
 */
#ifndef AXONC_FUNCTIONS_H
#define AXONC_FUNCTIONS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* 2^n for a whole number n from -126 to 127, held in a float. */
static inline float axonc_power2f(float n)
{
    const float shifted = n + 12583039.0f; /* 1.5 * 2^23 + 127: the low bits are n + 127 */
    uint32_t bits;
    float power;
    memcpy(&bits, &shifted, sizeof bits);
    bits <<= 23;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* exp(x) - 1 for |x| <= 88: x = n ln 2 + r with |r| <= ln 2 / 2, and the Taylor series of exp(r) - 1. */
static inline float axonc_expm1f(float x)
{
    const float n = (x * 1.44269504f + 12582912.0f) - 12582912.0f;
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = (p * r) * r + r;
    const float scale = axonc_power2f(n);
    return scale * p + (scale - 1.0f);
}

/* tanh(x) = (e - 1) / (e + 1) with e = exp(2 |x|); beyond 9.1 it is 1 in every bit. */
static inline float axonc_tanhf(float x)
{
    const float magnitude = fabsf(x);
    const float most = magnitude > 9.1f ? 9.1f : magnitude;
    const float e = axonc_expm1f(2.0f * most);
    return copysignf(e / (e + 2.0f), x);
}

/* 1 / (1 + exp(-x)), by way of tanh as the interpreter has it. */
static inline float axonc_sigmoidf(float x)
{
    return 0.5f + 0.5f * axonc_tanhf(0.5f * x);
}

#endif
