/*
 * Scalar functions of tensor operations, in C and in C++.
 *
 * Everything but the functions of the C library, which all of double are, gives the bits of the reference interpreter;
 * those are within a few units in the last place of it.
 */
#ifndef AXONC_SCALARS_H
#define AXONC_SCALARS_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "functions.h"
#include "wide.h"

/* sigmoid in double, with the tanh of the C library. */
static inline double axonc_sigmoid(double x)
{
    return 0.5 + 0.5 * tanh(0.5 * x);
}

static inline double axonc_tanh(double x)
{
    return tanh(x);
}

static inline double axonc_exp(double x)
{
    return exp(x);
}

static inline double axonc_log(double x)
{
    return log(x);
}

static inline double axonc_pow(double x, double y)
{
    return pow(x, y);
}

static inline double axonc_sin(double x)
{
    return sin(x);
}

static inline double axonc_cos(double x)
{
    return cos(x);
}

static inline double axonc_erf(double x)
{
    return erf(x);
}

/* How long v, at most the threshold, runs until it reaches it: toward a target at a rate, or along a slope where the rate
 * is 0. Infinite if it never does. */
static inline float axonc_crossing(float v, float threshold, float rate, float target, float slope)
{
    if (rate > 0) {
        return target > threshold ? axonc_logf((target - v) / (target - threshold)) / rate : INFINITY;
    }
    return slope > 0 ? (threshold - v) / slope : INFINITY;
}

/* log(1 + exp(x)), without overflow. */
static inline double axonc_softplus(double x)
{
    return (x > 0 || x != x ? x : 0) + log1p(exp(-fabs(x)));
}

/* The remainder with the sign of the divisor; a zero has that sign too. */
static inline double axonc_mod(double a, double b)
{
    const double rest = fmod(a, b);
    if (b == 0) {
        return rest;
    }
    if (rest == 0) {
        return copysign(0.0, b);
    }
    return (b < 0) != (rest < 0) ? rest + b : rest;
}

static inline float axonc_modf(float a, float b)
{
    const float rest = fmodf(a, b);
    if (b == 0) {
        return rest;
    }
    if (rest == 0) {
        return copysignf(0.0f, b);
    }
    return (b < 0) != (rest < 0) ? rest + b : rest;
}

/* Integers divided toward zero; by 0 they give 0, and what overflows wraps. */
static inline int64_t axonc_quotient(int64_t a, int64_t b)
{
    if (b == 0) {
        return 0;
    }
    return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
}

/* The remainder with the sign of the dividend. */
static inline int64_t axonc_remainder(int64_t a, int64_t b)
{
    return b == 0 || b == -1 ? 0 : a % b;
}

/* The remainder with the sign of the divisor. */
static inline int64_t axonc_modulo(int64_t a, int64_t b)
{
    const int64_t rest = axonc_remainder(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

/* a to the power b; what overflows wraps. */
static inline uint64_t axonc_power(uint64_t a, uint64_t b)
{
    uint64_t result = 1;
    for (uint64_t rest = b; rest != 0; rest >>= 1) {
        result *= (rest & 1) != 0 ? a : 1;
        a *= a;
    }
    return result;
}

/* A float toward zero; what the type does not hold becomes its least number, as on x86-64. */
static inline int64_t axonc_truncated_int64(double x)
{
    return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN;
}

static inline int32_t axonc_truncated_int32(double x)
{
    return x > -2147483649.0 && x < 2147483648.0 ? (int32_t)x : INT32_MIN;
}

/* Narrower integers keep the lowest bits of the wider ones. */
#define axonc_truncated_int16(x) axonc_truncated_int32(x)
#define axonc_truncated_int8(x) axonc_truncated_int32(x)
#define axonc_truncated_uint16(x) axonc_truncated_int32(x)
#define axonc_truncated_uint8(x) axonc_truncated_int32(x)
#define axonc_truncated_uint32(x) axonc_truncated_int64(x)

static inline uint64_t axonc_truncated_uint64(double x)
{
    return x < 0x1p63 ? (uint64_t)axonc_truncated_int64(x) : x < 0x1p64 ? (uint64_t)x : 0;
}

/* x between two bounds; NaN stays. */
static inline double axonc_clipped(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* x with `bits` of fraction, halves to even, least exponent `least`; `beyond` what is larger than `largest`. */
static inline double axonc_rounded(double x, int bits, int least, double largest, double beyond)
{
    int exponent = 0;
    if (x == 0 || !isfinite(x)) {
        return isinf(x) ? copysign(beyond, x) : x;
    }
    (void)frexp(x, &exponent);
    const int unit = (exponent - 1 > least ? exponent - 1 : least) - bits;
    const double rounded = ldexp(rint(ldexp(x, -unit)), unit);
    return fabs(rounded) > largest ? copysign(beyond, x) : rounded;
}

/* Of formats without -0. */
static inline float axonc_one_zero(float x)
{
    return x == 0 ? 0.0f : x;
}

/* Of formats without NaN. */
static inline float axonc_no_nan(float x)
{
    return x != x ? -0.0f : x;
}

/* The lowest bits of an integer, as numbers of 2 and of 4 bits. */
static inline int8_t axonc_int2(int64_t x)
{
    return (int8_t)((int)(((uint64_t)x & 3) ^ 2) - 2);
}

static inline uint8_t axonc_uint2(int64_t x)
{
    return (uint8_t)((uint64_t)x & 3);
}

static inline int8_t axonc_int4(int64_t x)
{
    return (int8_t)((int)(((uint64_t)x & 15) ^ 8) - 8);
}

static inline uint8_t axonc_uint4(int64_t x)
{
    return (uint8_t)((uint64_t)x & 15);
}

/* 2^n for the logarithm n of |x|, rounded one way or another, from -127 to 127. */
static inline float axonc_power_of_two(float n)
{
    return exp2f(n < -127 ? -127 : n > 127 ? 127 : n);
}

static inline float axonc_power_of_two_up(float x)
{
    return axonc_power_of_two(ceilf(log2f(fabsf(x))));
}

static inline float axonc_power_of_two_down(float x)
{
    return axonc_power_of_two(floorf(log2f(fabsf(x))));
}

static inline float axonc_power_of_two_nearest(float x)
{
    return axonc_power_of_two(rintf(log2f(fabsf(x))));
}

#endif
