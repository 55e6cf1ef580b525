#include <stdint.h>

#ifdef __x86_64__

#include <cpuid.h>

/* Bits that say what the third level of the architecture adds, by leaf and register. */
enum {
    LEAF1_ECX = 1 << 12 | 1 << 22 | 1 << 27 | 1 << 28 | 1 << 29, /* FMA, MOVBE, OSXSAVE, AVX, F16C */
    LEAF7_EBX = 1 << 3 | 1 << 5 | 1 << 8,                        /* BMI1, AVX2, BMI2 */
    LEAF_EXTENDED_ECX = 1 << 5,                                  /* LZCNT */
    SAVED_STATES = 6                                             /* SSE and AVX registers */
};

/* Whether a register of a leaf of CPUID has all of some bits; `which` counts eax, ebx, ecx, edx. */
static int has(uint32_t leaf, int which, uint32_t bits)
{
    uint32_t registers[4] = {0};

    if (!__get_cpuid_count(leaf, 0, &registers[0], &registers[1], &registers[2], &registers[3])) {
        return 0;
    }
    return (registers[which] & bits) == bits;
}

/* Whether the operating system keeps the wide registers. */
static int are_saved(void)
{
    uint32_t low;
    uint32_t high;

    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & SAVED_STATES) == SAVED_STATES;
}

/* Whether this processor has all of x86-64-v3. */
int axonc_machine_wide_vectors(void)
{
    return has(1, 2, LEAF1_ECX) && has(7, 1, LEAF7_EBX) &&
           has(0x80000001, 2, LEAF_EXTENDED_ECX) && are_saved();
}

#else

/* Elsewhere the common form of a library has the vectors of the architecture. */
int axonc_machine_wide_vectors(void)
{
    return 0;
}

#endif
