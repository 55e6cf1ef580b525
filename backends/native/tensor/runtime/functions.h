/*
 * tanh, sigmoid, exp, log and softplus in float: the operations of the reference interpreter, one after the other, each rounded once, so that
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

/* exp(r) - 1 for |r| <= ln 2 / 2: its Taylor series. */
static inline float axonc_seriesf(float r)
{
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    return (p * r) * r + r;
}

/* exp(x) - 1 for |x| <= 88: x = n ln 2 + r with |r| <= ln 2 / 2. */
static inline float axonc_expm1f(float x)
{
    const float n = (x * 1.44269504f + 12582912.0f) - 12582912.0f;
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    const float scale = axonc_power2f(n);
    return scale * axonc_seriesf(r) + (scale - 1.0f);
}

/* exp(x) = 2^n exp(r); 2^n in two factors, so that tiny results are rounded once. */
static inline float axonc_expf(float x)
{
    const float most = x < -104.0f ? -104.0f : x > 89.0f ? 89.0f : x;
    const float n = (most * 1.44269504f + 12582912.0f) - 12582912.0f;
    const float r = (most - n * 0.693359375f) + n * 2.12194440e-4f;
    const float half = (n * 0.5f + 12582912.0f) - 12582912.0f;
    return ((axonc_seriesf(r) + 1.0f) * axonc_power2f(half)) * axonc_power2f(n - half);
}

/* log(x) = k ln 2 + log(1 + f) with x = 2^k (1 + f) and 1 + f from sqrt(1/2) to sqrt(2); the polynomial is that of Cephes. */
static inline float axonc_logf(float x)
{
    if (!(x > 0.0f)) {
        return x == 0.0f ? -INFINITY : NAN;
    }
    if (x > 3.40282347e38f) {
        return x;
    }
    const int tiny = x < 1.17549435e-38f;
    const float normal = tiny ? x * 33554432.0f : x; /* 2^25 */
    int32_t bits;
    float mantissa;
    memcpy(&bits, &normal, sizeof bits);
    const int32_t digits = (bits & 0x7FFFFF) | 0x3F000000;
    memcpy(&mantissa, &digits, sizeof mantissa);
    const int low = mantissa < 0.70710678f;
    const float k = (float)((bits >> 23) - 126 - low - 25 * tiny);
    const float f = (low ? mantissa + mantissa : mantissa) - 1.0f;
    const float square = f * f;
    float p = 7.0376836292e-2f;
    p = p * f - 1.1514610310e-1f;
    p = p * f + 1.1676998740e-1f;
    p = p * f - 1.2420140846e-1f;
    p = p * f + 1.4249322787e-1f;
    p = p * f - 1.6668057665e-1f;
    p = p * f + 2.0000714765e-1f;
    p = p * f - 2.4999993993e-1f;
    p = p * f + 3.3333331174e-1f;
    return (((p * f) * square - k * 2.12194440e-4f) - 0.5f * square + f) + k * 0.693359375f;
}

/* log(1 + exp(x)), without overflow. */
static inline float axonc_softplusf(float x)
{
    const float e = axonc_expf(-fabsf(x));
    const float one = e + 1.0f;
    const float small = one == 1.0f ? e : axonc_logf(one) * (e / (one - 1.0f));
    return (x > 0 || x != x ? x : 0) + small;
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
