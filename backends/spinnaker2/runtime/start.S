/* Vector table and reset of a Cortex-M4F core. */
    .syntax unified
    .cpu cortex-m4
    .fpu fpv4-sp-d16
    .thumb

    .section .vectors, "a", %progbits
    .word axonc_stack_top
    .word axonc_start
    .rept 14
    .word axonc_halt
    .endr

    .text
    .global axonc_start
    .thumb_func
    .type axonc_start, %function
axonc_start:
    ldr r0, =0xE000ED88         /* CPACR: full access to coprocessors 10 and 11, the FPU */
    ldr r1, [r0]
    orr r1, r1, #0x00F00000
    str r1, [r0]
    dsb
    isb
    movs r0, #0
    vmsr fpscr, r0              /* round to nearest, keep denormals and NaN payloads */
    bl main
    .size axonc_start, . - axonc_start

    .thumb_func
    .type axonc_halt, %function
axonc_halt:
    b axonc_halt
    .size axonc_halt, . - axonc_halt
