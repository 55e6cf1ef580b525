/* A model of chips: processing elements in slots, routing tables, links, event queues, counters. */
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
    FAULT_OVERRUN,   /* cycles spent, cycles of a tick (as the address) */
    FAULT_LINK_FULL, /* what a link carries; chip and link as the address */
    FAULT_LINK_WAITING, /* packets that wait for a link; what its queue holds as the access */
} fault_kind_t;

#define HOST UINT32_MAX

/* What went wrong where. */
typedef struct {
    uint32_t kind;
    uint32_t core; /* HOST: the host, that sends inputs */
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
    uint32_t fetches; /* its status words when the present slot began */
    uint32_t fetched;
    fault_t fault;
    bool is_emulated;
    bool is_on; /* booted, and sound ever since: a new run needs no power-on */
    emulated_t emulated;
    native_t native;
};

#define AXONC_LINKS 6
#define NO_ENTRY UINT32_MAX

/* Chips, how they are joined, and their routing tables. Of a table the first entry that matches
   decides; bits outside its mask do not matter. To be found fast, entries with the same mask form a
   group, their keys ascending. */
typedef struct {
    uint32_t chips;
    const uint32_t *tables; /* groups tables[c] to tables[c + 1] are of chip c */
    const uint32_t *masks;  /* of every group */
    const uint32_t *groups; /* keys[groups[g]] to keys[groups[g + 1]] are of group g */
    const uint32_t *keys;
    const uint32_t *entries; /* which entry a key belongs to: the lower comes first */
    const uint32_t *links;   /* where an entry sends packets on, a bit a link */
    const uint32_t *starts;  /* cores[starts[i]] to cores[starts[i + 1]] listen to entry i */
    const uint32_t *cores;
    const uint32_t *hops;     /* from the router to those cores */
    const uint32_t *chip_of;  /* of every core */
    const uint32_t *depth_of; /* hops of every core to its router */
    const int32_t *neighbours; /* [chips][links]: where a link leads, -1: nowhere */
} routes_t;

/* Remembers which entry a key met on a chip. */
typedef struct {
    uint32_t key;
    uint32_t chip;
    uint32_t entry;
    bool known;
} memo_t;

/* A chip that a packet has come to, and by which link: -1 if it was sent there. */
typedef struct {
    uint32_t chip;
    int32_t came_by;
} stop_t;

/* Packets that a core, or the host as the last sender, has given a link in a slot. */
typedef struct {
    uint32_t sender;
    uint32_t packets;
} burst_t;

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
    uint64_t fetch_cycles;  /* for which a core waits for a row from DRAM */
    uint64_t fetch_kib_cycles; /* and for 1024 bytes of it */
    uint32_t branch_cycles; /* what a taken branch costs on top */
    uint32_t threads;       /* that run cores side by side; they change no result */
    uint32_t probe_count;
    uint32_t packet_words;  /* words of a packet, of which the first is its key */
    uint32_t link_packets;  /* that a link carries in a slot; 0: no limit */
    uint32_t link_queue;    /* that can wait for a link; 0: no limit */
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
    const uint32_t *input_packets; /* with the parity of their slots */
    const uint32_t *input_chips; /* where each of them enters */
    const double *packet_cycles; /* from a packet of each core, and of the host, to its next */
    double link_cycles;          /* from a packet of a link to the next; 0: nobody waits */
    uint64_t *instructions; /* [slots][cores] */
    uint64_t *cycles;
    uint32_t *received;
    uint32_t *sent;
    uint32_t *trace_slots; /* made by the run; axonc_machine_free_trace releases them */
    uint32_t *trace_packets;
    uint64_t trace_count;
    uint64_t trace_room;
    uint32_t *crossed;      /* [slots][chips][links]: packets that took each link */
    uint64_t *link_dropped; /* [chips][links]: packets for which a link had no room */
    double *link_waiting;   /* [chips][links]: the most packets that waited in a slot */
    uint64_t unrouted;      /* packets that no entry matched where they began */
    uint64_t lost;          /* packets that left the board, or went in circles */
    uint64_t hops;          /* from one processing element to the next, of all packets */
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
    stop_t *stops; /* where the present packet has yet to be looked at */
    burst_t *bursts;       /* [chips][links][count + 1]: of the present slot */
    uint32_t *burst_count; /* [chips][links] */
    run_t *run;
    uint32_t slot;
    uint32_t sender; /* the core whose packets travel, or HOST */
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

/* routing.c: sends packets from the router of a chip to every core that listens; false if a queue
   or a link is full and that matters. */
bool route(machine_t *machine, uint32_t chip, const uint32_t *packets, uint32_t count);

/* links.c: notes a packet that the sender gives a link; and, when all have sent, the most packets that
   waited for every link, false if a queue is too short and that matters. */
void note_packet(machine_t *machine, uint32_t at);
bool settle_links(machine_t *machine);

/* slot.c: one slot of all cores, of one, or of the host that sends inputs; false if that stops the run. */
bool run_slot(machine_t *machine);
bool run_core(machine_t *machine, uint32_t core);
bool inject(machine_t *machine);

/* Computes, as a member of a team, cores that no member has begun; the context is the machine. */
void compute_rest(void *context);

/* trace.c: records packets, without their parity; false if memory is short. */
bool trace(run_t *run, uint32_t slot, const uint32_t *packets, uint32_t count);

/* ahead.c: runs every core as far ahead as its links permit; false if something stopped the run. */
bool run_ahead(machine_t *machine);

/* random.c: shuffles values of some words; the same state gives the same order on every host. */
void shuffle(uint32_t *values, uint32_t count, uint32_t words, uint32_t *state);

#endif
