/* A model of the chip: processing elements in slots, a routing table, event queues, counters. */
#ifndef AXONC_MACHINE_H
#define AXONC_MACHINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime.h"
#include "team.h"

/* Why a run stopped. The order is known to fault.py. */
typedef enum {
    FAULT_NONE,
    FAULT_ACCESS,     /* unicorn's error code, address, kind of access */
    FAULT_EXCEPTION,  /* exception number */
    FAULT_WATCHDOG,   /* the budget of instructions */
    FAULT_UNALIGNED,  /* where in the code, address */
    FAULT_CORE,       /* axonc_error_t */
    FAULT_QUEUE_FULL, /* the capacity of the queue */
    FAULT_NO_MEMORY,
    FAULT_OVERRUN, /* cycles spent, cycles of a tick (as the address) */
} fault_kind_t;

/* What went wrong where. */
typedef struct {
    uint32_t kind;
    uint32_t core;
    uint32_t slot; /* UINT32_MAX while booting */
    uint32_t pc;
    uint32_t detail;
    uint32_t address;
    uint32_t access;
} fault_t;

typedef struct element element_t;

/* An instruction that silicon executes only on whole words: its address and its base register. */
typedef struct {
    element_t *element;
    uint32_t address;
    int32_t base;
} aligned_t;

/* What unicorn runs in place of a core, and what it costs. */
typedef struct {
    void *uc;
    void *context; /* the state at power-on */
    uint32_t entry;
    uint32_t pc;
    uint32_t code_bytes;
    const uint32_t *instructions; /* cumulative, an entry a halfword */
    const uint32_t *cycles;
    aligned_t *aligned;
    uint32_t settled_count; /* accesses whose base register can be looked at when a block begins */
    const uint32_t *settled_at;
    const int32_t *settled_base;
    const uint32_t *settled_first; /* the first of them at or behind an address, an entry a halfword */
    uint32_t block_end;
    uint32_t branch_cycles;
    uint64_t budget;
} emulated_t;

/* A core that was compiled for the host. */
typedef struct {
    axonc_core_t core;
    void (*reset)(axonc_core_t *core);
    void (*tick)(axonc_core_t *core);
} native_t;

/* A processing element and its network interface. */
struct element {
    const uint8_t *data;
    uint8_t *work;
    axonc_port_t *port;
    uint32_t *queue[2];
    uint32_t capacity;
    uint64_t instructions; /* of the present slot */
    uint64_t cycles;
    fault_t fault;
    bool is_emulated;
    bool is_on; /* booted, and sound ever since: a new run needs no power-on */
    emulated_t emulated;
    native_t native;
};

/* The routing table: the first entry that matches decides. Bits outside the mask do not matter. */
typedef struct {
    uint32_t count;
    const uint32_t *keys;
    const uint32_t *masks;
    const uint32_t *starts; /* cores[starts[i]] to cores[starts[i + 1]] listen to entry i */
    const uint32_t *cores;
} routes_t;

/* Remembers which entry a key met. */
typedef struct {
    uint32_t key;
    uint32_t entry;
    bool known;
} memo_t;

#define MEMO_BITS 16

/* What one call of axonc_machine_run does and records. Known to machine.py. */
typedef struct {
    uint32_t slots;
    uint32_t steps;
    uint32_t seed;
    uint32_t in_order;      /* cores run in ascending order */
    uint32_t shuffle;       /* queues are shuffled before they are read */
    uint32_t keep_going;    /* a full queue and a long slot are counted instead of stopping the run */
    uint32_t samples;       /* samples that follow each other */
    uint32_t ignore_parity; /* an event enters the queue that its receiver reads next */
    uint64_t budget;        /* instructions a core may spend on one slot: more is an endless loop */
    uint64_t tick_cycles;   /* cycles of a tick; 0: no limit */
    uint32_t branch_cycles; /* what a taken branch costs on top */
    uint32_t threads;       /* that run cores side by side; they change no result */
    uint32_t probe_count;
    uint32_t packet_words;  /* words of a packet, of which the first is its key */
    uint32_t resumed;       /* the first sample goes on from what the host writes */
    uint32_t write_count;   /* what the host writes into work areas before slot 0 */
    const uint32_t *write_cores;
    const uint32_t *write_offsets;
    const uint32_t *write_bytes;
    const uint8_t *written; /* all of it, one after the other */
    const uint32_t *probe_cores;
    const uint32_t *probe_offsets;
    const uint32_t *probe_bytes;
    uint8_t **probe_rows; /* per probe, uint8_t[slots][bytes] */
    const uint8_t *links; /* [nodes][nodes]: who waits for whom, the host last; NULL: all for all */
    const uint32_t *input_starts; /* packets input_starts[s] to input_starts[s + 1] enter in slot s */
    const uint32_t *input_packets;
    uint64_t *instructions; /* [slots][cores] */
    uint64_t *cycles;
    uint32_t *received;
    uint32_t *sent;
    uint32_t *trace_slots; /* made by the run; axonc_machine_free_trace releases them */
    uint32_t *trace_packets;
    uint64_t trace_count;
    uint64_t trace_room;
    uint64_t unrouted;
    fault_t fault;
} run_t;

/* The chip. */
typedef struct {
    uint32_t count;
    element_t *elements;
    uint32_t *order;
    uint32_t random;
    routes_t routes;
    memo_t *memo;
    run_t *run;
    uint32_t slot;
    team_t *team;            /* NULL: the caller alone */
    atomic_uint_fast32_t at; /* the place in the order of the core that runs next */
} machine_t;

/* The functions of unicorn that the machine calls; addresses come from the loaded library. */
typedef struct {
    int (*emu_start)(void *uc, uint64_t begin, uint64_t until, uint64_t timeout, size_t count);
    int (*emu_stop)(void *uc);
    int (*reg_read)(void *uc, int reg, void *value);
    int (*context_restore)(void *uc, void *context);
    int (*hook_add)(void *uc, size_t *hook, int type, void *callback, void *user, uint64_t begin,
                    uint64_t end, ...);
} unicorn_t;

/* Notes why an element cannot go on; the first reason stands. */
static inline void raise_fault(element_t *element, fault_kind_t kind, uint32_t detail)
{
    if (element->fault.kind == FAULT_NONE) {
        element->fault.kind = (uint32_t)kind;
        element->fault.detail = detail;
    }
}

/* What a core tells its host. */
static inline axonc_status_t *status_of(const element_t *element)
{
    return (void *)element->work;
}

/* emulated.c: switches an element on, or wakes it up, and runs it until it waits. */
void emulated_boot(element_t *element, const run_t *run);
void emulated_slot(element_t *element);
void emulated_free(element_t *element);

/* machine.c: makes a fault that of the run; false, since that stops it. */
bool stop(machine_t *machine, uint32_t core, const fault_t *fault);

/* routing.c: sends a packet to every core that listens; false if a queue is full and that matters. */
bool route(machine_t *machine, const uint32_t *packet);

/* slot.c: one slot of all cores, of one, or of the host that sends inputs; false if that stops the run. */
bool run_slot(machine_t *machine);
bool run_core(machine_t *machine, uint32_t core);
bool inject(machine_t *machine);

/* Computes, as a member of a team, cores that no member has begun; the context is the machine. */
void compute_rest(void *context);

/* trace.c: makes room for more packets; appends one, without its parity. */
bool grow_trace(run_t *run, uint64_t more);
void trace(run_t *run, uint32_t slot, const uint32_t *packet);

/* ahead.c: runs every core as far ahead as its links permit; false if something stopped the run. */
bool run_ahead(machine_t *machine);

/* random.c: shuffles values of some words; the same state gives the same order on every host. */
void shuffle(uint32_t *values, uint32_t count, uint32_t words, uint32_t *state);

#endif
