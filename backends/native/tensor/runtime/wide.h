/*
 * pow, sin, cos and erf of float: the operations of the reference interpreter in double, one after the other, and one
 * rounding at the end, so that they give its bits.
 */
#ifndef AXONC_WIDE_H
#define AXONC_WIDE_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* A polynomial, the coefficient of the highest power first. */
static inline double axonc_horner(const double *coefficients, int count, double x)
{
    double total = coefficients[0];
    for (int i = 1; i < count; i++) {
        total = total * x + coefficients[i];
    }
    return total;
}

/* exp(x): x = n ln 2 + r, and a Taylor series; beyond e^300 a float is infinite, below its inverse 0. */
static inline double axonc_wide_exp(double x)
{
    static const double series[] = {
        1.0 / 6227020800.0, 1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0, 1.0 / 362880.0, 1.0 / 40320.0,
        1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 1.0 / 2.0};
    const double most = x < -300.0 ? -300.0 : x > 300.0 ? 300.0 : x;
    const double n = rint(most * 1.4426950408889634);
    const double r = (most - n * 0.6931471803691238) - n * 1.9082149292705877e-10;
    const double sum = 1.0 + (r + (r * r) * axonc_horner(series, 12, r));
    const int64_t bits = ((n == n ? (int64_t)n : 0) + 1023) * ((int64_t)1 << 52);
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return sum * scale;
}

/* log(x) of what was a float: x = 2^k (1 + f), and the series of log(1 + f) in f / (2 + f). */
static inline double axonc_wide_log(double x)
{
    static const double series[] = {
        1.0 / 23.0, 1.0 / 21.0, 1.0 / 19.0, 1.0 / 17.0, 1.0 / 15.0, 1.0 / 13.0, 1.0 / 11.0, 1.0 / 9.0, 1.0 /
        7.0, 1.0 / 5.0, 1.0 / 3.0};
    int64_t bits;
    double mantissa;
    if (x == 0.0) {
        return -INFINITY;
    }
    if (!(x < (double)INFINITY)) {
        return x;
    }
    memcpy(&bits, &x, sizeof bits);
    const int64_t digits = (bits & INT64_C(0xFFFFFFFFFFFFF)) | INT64_C(0x3FE0000000000000);
    memcpy(&mantissa, &digits, sizeof mantissa);
    const int low = mantissa < 0.7071067811865476;
    const double k = (double)((bits >> 52) - 1022 - low);
    const double f = (low ? mantissa + mantissa : mantissa) - 1.0;
    const double s = f / (2.0 + f);
    const double square = s * s;
    return (k * 1.9082149292705877e-10 + 2.0 * (s + (s * square) * axonc_horner(series, 11, square))) +
           k * 0.6931471803691238;
}

/* x to the power y, with the special values of the C library's. */
static inline float axonc_powf(float x, float y)
{
    const float base = fabsf(x);
    const int whole = floorf(y) == y;
    const int odd = whole && floorf(y * 0.5f) * 2.0f != y;
    if (y == 0.0f || x == 1.0f) {
        return 1.0f;
    }
    if (x < 0.0f && isfinite(x) && !whole) {
        return NAN;
    }
    const double size = base == 1.0f && y == y ? 1.0 : axonc_wide_exp((double)y * axonc_wide_log((double)base));
    return (float)(odd && signbit(x) ? -size : size);
}

/* sin(x + quarters pi / 2), of x = k pi / 2 + r. */
static inline float axonc_turnedf(float x, double quarters)
{
    static const double sines[] = {
        -1.0 / 1307674368000.0, 1.0 / 6227020800.0, -1.0 / 39916800.0, 1.0 / 362880.0, -1.0 / 5040.0, 1.0 /
        120.0, -1.0 / 6.0};
    static const double cosines[] = {
        -1.0 / 87178291200.0, 1.0 / 479001600.0, -1.0 / 3628800.0, 1.0 / 40320.0, -1.0 / 720.0, 1.0 / 24.0, -1.0
        / 2.0};
    const double wide = (double)x;
    const double k = rint(wide * 0.6366197723675814) + 0.0;
    const double r = (wide - k * 1.5707963267341256) - k * 6.077100506506192e-11;
    const double turn = (k + quarters) - 4.0 * floor((k + quarters) * 0.25);
    const double square = r * r;
    const double sine = r * (1.0 + square * axonc_horner(sines, 7, square));
    const double cosine = 1.0 + square * axonc_horner(cosines, 7, square);
    const double found = turn == 1.0 || turn == 3.0 ? cosine : sine;
    return (float)(turn >= 2.0 ? -found : found);
}

static inline float axonc_sinf(float x)
{
    return axonc_turnedf(x, 0.0);
}

static inline float axonc_cosf(float x)
{
    return axonc_turnedf(x, 1.0);
}

/* The error function; the polynomials are those of Cephes. */
static inline float axonc_erff(float x)
{
    static const double near[] = {
        7.853861353153693e-5, -8.010193625184903e-4, 5.188327685732524e-3, -2.685381193529856e-2,
        1.128358514861418e-1, -3.761262582423300e-1, 1.128379165726710};
    static const double middle[] = {
        2.326819970068386e-2, -1.387039388740657e-1, 3.687424674597105e-1, -5.824733027278666e-1,
        6.210004621745983e-1, -4.944515323274145e-1, 3.404879937665872e-1, -2.741127028184656e-1,
        5.638259427386472e-1};
    static const double far[] = {
        -1.047766399936249e1, 1.297719955372516e1, -7.495518717768503, 2.921019019210786, -1.015265279202700,
        4.218463358204948e-1, -2.820767439740514e-1, 5.641895067754075e-1};
    const double wide = fabs((double)x);
    const double size = wide > 10.0 ? 10.0 : wide;
    const double square = size * size;
    if (x != x) {
        return x;
    }
    if (size < 1.0) {
        return (float)copysign(size * axonc_horner(near, 7, square), (double)x);
    }
    const double inverse = 1.0 / square;
    const double tail = size < 2.0 ? axonc_horner(middle, 9, inverse) : axonc_horner(far, 8, inverse);
    return (float)copysign(1.0 - axonc_wide_exp(-square) * (tail / size), (double)x);
}

#endif
