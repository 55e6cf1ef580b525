#include <stdint.h>

#ifdef __x86_64__

#include <cpuid.h>

/* Bits that say what the third and the fourth level of the architecture add, by leaf and register. */
enum {
    LEAF1_ECX = 1 << 12 | 1 << 22 | 1 << 27 | 1 << 28 | 1 << 29, /* FMA, MOVBE, OSXSAVE, AVX, F16C */
    LEAF7_EBX = 1 << 3 | 1 << 5 | 1 << 8,                        /* BMI1, AVX2, BMI2 */
    LEAF_EXTENDED_ECX = 1 << 5,                                  /* LZCNT */
    SAVED_3 = 0x06                                               /* SSE and AVX registers */
};

/* AVX-512 F, DQ, CD, BW and VL; the registers that the operating system must save for it. */
#define LEAF7_EBX_4 (1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31)
#define SAVED_4 0xE6u

/* Whether a register of a leaf of CPUID has all of some bits; `which` counts eax, ebx, ecx, edx. */
static int has(uint32_t leaf, int which, uint32_t bits)
{
    uint32_t registers[4] = {0};

    if (!__get_cpuid_count(leaf, 0, &registers[0], &registers[1], &registers[2], &registers[3])) {
        return 0;
    }
    return (registers[which] & bits) == bits;
}

/* Whether the operating system keeps some kinds of registers. */
static int are_saved(uint32_t kinds)
{
    uint32_t low;
    uint32_t high;

    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & kinds) == kinds;
}

/* The level of x86-64 whose programs this processor runs: 3 and 4, or 0 for what all of them run. */
int axonc_machine_host_level(void)
{
    if (!has(1, 2, LEAF1_ECX) || !has(7, 1, LEAF7_EBX) || !has(0x80000001, 2, LEAF_EXTENDED_ECX) ||
        !are_saved(SAVED_3)) {
        return 0;
    }
    return has(7, 1, LEAF7_EBX_4) && are_saved(SAVED_4) ? 4 : 3;
}

#else

/* Elsewhere the common form of a library has the vectors of the architecture. */
int axonc_machine_host_level(void)
{
    return 0;
}

#endif
