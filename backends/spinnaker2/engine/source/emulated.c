#include <stdlib.h>

#include "machine.h"

/* Numbers of unicorn's public interface, which does not change within a major version. */
enum { HOOK_INTERRUPT = 1, HOOK_CODE = 4, HOOK_BLOCK = 8, HOOK_MEMORY_INVALID = 0x3F0 };
enum { REGISTER_PC = 11 };

/* The exception of the SVC instruction, behind which the program counter then stands. */
enum { EXCEPTION_SVC = 2, SVC_BYTES = 2 };

/* No code lies here: an element stops only at a WFI or at a fault. */
#define NEVER UINT64_C(0xFFFFFFF0)

static unicorn_t unicorn;

/* Tells the machine where the functions of unicorn are. */
void axonc_machine_use_unicorn(const unicorn_t *functions)
{
    unicorn = *functions;
}

/* Stops at an access of whole words if its base register is not a multiple of four. */
static void check_base(element_t *element, uint32_t address, int32_t base)
{
    uint32_t value = 0;

    unicorn.reg_read(element->emulated.uc, base, &value);
    if (value % sizeof(uint32_t) != 0) {
        raise_fault(element, FAULT_UNALIGNED, address);
        element->fault.address = value;
        unicorn.emu_stop(element->emulated.uc);
    }
}

/* Checks the accesses of a block whose base registers do not change before them. */
static void check_block(element_t *element, uint32_t start, uint32_t end)
{
    const emulated_t *self = &element->emulated;

    for (uint32_t i = self->settled_first[start / 2];
         i < self->settled_count && self->settled_at[i] < end; i++) {
        check_base(element, self->settled_at[i], self->settled_base[i]);
    }
}

/* Called before every block: counts its instructions and cycles, and a taken branch. */
static void on_block(void *uc, uint64_t address, uint32_t size, void *user)
{
    element_t *element = user;
    emulated_t *self = &element->emulated;
    const uint32_t start = (uint32_t)address;
    const uint32_t end = start + size;

    if (end > self->code_bytes) {
        return; /* about to fault */
    }
    element->instructions += self->instructions[end / 2] - self->instructions[start / 2];
    element->cycles += self->cycles[end / 2] - self->cycles[start / 2];
    element->cycles += start != self->block_end ? self->branch_cycles : 0;
    self->block_end = end;
    check_block(element, start, end);
    if (element->instructions > self->budget) {
        raise_fault(element, FAULT_WATCHDOG, (uint32_t)self->budget);
        unicorn.emu_stop(uc);
    }
}

/* Called on an exception: an emulated core takes none. */
static void on_exception(void *uc, uint32_t number, void *user)
{
    element_t *element = user;

    raise_fault(element, FAULT_EXCEPTION, number);
    unicorn.emu_stop(uc);
}

/* Called on an access that memory does not allow; unicorn stops, but maybe only after the block. */
static bool on_bad_access(void *uc, int access, uint64_t address, int size, int64_t value,
                          void *user)
{
    element_t *element = user;

    (void)size;
    (void)value;
    unicorn.reg_read(uc, REGISTER_PC, &element->fault.pc);
    element->fault.address = (uint32_t)address;
    element->fault.access = (uint32_t)access;
    return false;
}

/* Called before an instruction that silicon executes only on whole words. */
static void on_aligned(void *uc, uint64_t address, uint32_t size, void *user)
{
    const aligned_t *aligned = user;

    (void)uc;
    (void)address;
    (void)size;
    check_base(aligned->element, aligned->address, aligned->base);
}

/* Adds a hook over [begin, end]; over everything if begin > end. Returns unicorn's error code. */
static int add_hook(element_t *element, int type, void *callback, void *user, uint64_t begin,
                    uint64_t end)
{
    size_t hook = 0;

    return unicorn.hook_add(element->emulated.uc, &hook, type, callback, user, begin, end);
}

/* Watches every instruction of a list. */
static int add_aligned_hooks(element_t *element, uint32_t count, const uint32_t *addresses,
                             const int32_t *bases)
{
    aligned_t *aligned = calloc(count + 1, sizeof *aligned);
    int error = aligned == NULL;

    element->emulated.aligned = aligned;
    for (uint32_t i = 0; error == 0 && i < count; i++) {
        aligned[i] = (aligned_t){element, addresses[i], bases[i]};
        error = add_hook(element, HOOK_CODE, (void *)on_aligned, &aligned[i], addresses[i],
                         addresses[i]);
    }
    return error;
}

/* Makes an element run in an emulator with its memory mapped. Returns unicorn's error code. */
int axonc_machine_emulate(machine_t *machine, uint32_t core, const emulated_t *emulated,
                          uint32_t aligned_count, const uint32_t *addresses, const int32_t *bases)
{
    element_t *element = &machine->elements[core];
    int error;

    element->is_emulated = true;
    element->emulated = *emulated;
    error = add_hook(element, HOOK_BLOCK, (void *)on_block, element, 1, 0);
    error = error ? error : add_hook(element, HOOK_INTERRUPT, (void *)on_exception, element, 1, 0);
    error = error ? error
                  : add_hook(element, HOOK_MEMORY_INVALID, (void *)on_bad_access, element, 1, 0);
    return error ? error : add_aligned_hooks(element, aligned_count, addresses, bases);
}

/* Runs until the element waits or fails. */
static void resume(element_t *element)
{
    emulated_t *self = &element->emulated;
    const int error = unicorn.emu_start(self->uc, self->pc | 1, NEVER, 0, 0);

    unicorn.reg_read(self->uc, REGISTER_PC, &self->pc);
    if (error != 0) {
        raise_fault(element, FAULT_ACCESS, (uint32_t)error);
    }
    if (element->port->error != 0) {
        raise_fault(element, FAULT_CORE, element->port->error);
    }
    const fault_t *fault = &element->fault;
    const bool after_svc = fault->kind == FAULT_EXCEPTION && fault->detail == EXCEPTION_SVC;

    if (fault->kind == FAULT_UNALIGNED) {
        element->fault.pc = fault->detail;
    } else if (fault->kind != FAULT_NONE && fault->access == 0) {
        element->fault.pc = self->pc - (after_svc ? SVC_BYTES : 0);
    }
}

void emulated_boot(element_t *element, const run_t *run)
{
    emulated_t *self = &element->emulated;

    self->budget = run->budget;
    self->branch_cycles = run->branch_cycles;
    if (element->is_on) {
        element->port->restart = 1;
    } else {
        self->pc = self->entry;
        unicorn.context_restore(self->uc, self->context);
    }
    self->block_end = self->pc;
    resume(element);
    element->is_on = element->fault.kind == FAULT_NONE;
}

void emulated_slot(element_t *element)
{
    /* Waking up is not a taken branch. */
    element->emulated.block_end = element->emulated.pc;
    resume(element);
}

void emulated_free(element_t *element)
{
    free(element->emulated.aligned);
}
