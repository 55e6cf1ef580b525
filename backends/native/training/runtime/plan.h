/*
 * The executor of a plan of checkpoints: actions over steps, which it knows nothing more of than how many bytes a state
 * and a tape have.
 *
 * What was kept last is needed first. So a store is memory with a stack at either end: states from its beginning, tapes
 * from its end, as many bytes of both as the plan ever holds at once.
 */
#ifndef AXONC_PLAN_H
#define AXONC_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The actions, as the compiler's plans have them. */
enum {
    AXONC_ADVANCE,
    AXONC_TAPE,
    AXONC_BACKWARD,
    AXONC_STORE_STATE,
    AXONC_LOAD_STATE,
    AXONC_FREE_STATE,
    AXONC_STORE_TAPE,
    AXONC_LOAD_TAPE
};

/* What to do with the steps from `first` to before `last`; `off`: whether a state is, or goes, off the chip. */
typedef struct {
    uint32_t what;
    uint32_t off;
    uint32_t first;
    uint32_t last;
} axonc_action_t;

/* Memory of `size` bytes: `states` bytes from its beginning, `tapes` bytes to its end; `most` of both at once so far. */
typedef struct {
    unsigned char *bytes;
    size_t size;
    size_t states;
    size_t tapes;
    size_t most;
} axonc_store_t;

/* What a plan did: steps that ran forward and backward, bytes between the two stores, in how many transfers. */
typedef struct {
    uint64_t forwards;
    uint64_t backwards;
    uint64_t traffic;
    uint64_t transfers;
} axonc_counts_t;

/* A step of training, in parts; `run` is what they work on. `first`: the step never ran before. */
typedef struct {
    size_t state_bytes;
    size_t tape_bytes;
    void (*forward)(void *run, size_t step, bool first);
    void (*loss)(void *run);
    void (*backward)(void *run, size_t step);
    void (*keep_state)(const void *run, unsigned char *to);
    void (*load_state)(void *run, const unsigned char *from);
    void (*keep_tape)(const void *run, unsigned char *to);
    void (*load_tape)(void *run, const unsigned char *from);
} axonc_parts_t;

/* A plan while it runs: its parts, the stores on and off the chip, `reached`: the steps that ran at least once, `left`:
 * those that did not go backwards yet. */
typedef struct {
    const axonc_parts_t *parts;
    void *run;
    axonc_store_t *store[2];
    axonc_counts_t *counts;
    size_t reached;
    size_t left;
} axonc_plan_t;

/* Notes how much a store holds. */
static inline void axonc_note(axonc_store_t *store)
{
    const size_t held = store->states + store->tapes;
    store->most = held > store->most ? held : store->most;
}

/* Room for another state, or the one kept last. */
static inline unsigned char *axonc_push_state(axonc_store_t *store, size_t bytes)
{
    unsigned char *at = store->bytes + store->states;
    store->states += bytes;
    axonc_note(store);
    return at;
}

static inline unsigned char *axonc_last_state(const axonc_store_t *store, size_t bytes)
{
    return store->bytes + (store->states - bytes);
}

/* Room for another tape; the one kept last, which is given up. */
static inline unsigned char *axonc_push_tape(axonc_store_t *store, size_t bytes)
{
    store->tapes += bytes;
    axonc_note(store);
    return store->bytes + (store->size - store->tapes);
}

static inline unsigned char *axonc_pop_tape(axonc_store_t *store, size_t bytes)
{
    unsigned char *at = store->bytes + (store->size - store->tapes);
    store->tapes -= bytes;
    return at;
}

/* Counts bytes that move off the chip or back. */
static inline void axonc_moved(axonc_plan_t *plan, size_t bytes)
{
    plan->counts->traffic += bytes;
    plan->counts->transfers += 1;
}

/* Steps from the running state, with or without their tapes. */
static inline void axonc_forward(axonc_plan_t *plan, const axonc_action_t *action)
{
    for (size_t step = action->first; step < action->last; step++) {
        plan->parts->forward(plan->run, step, step == plan->reached);
        plan->reached += step == plan->reached;
        plan->counts->forwards += 1;
        if (action->what == AXONC_TAPE) {
            plan->parts->keep_tape(plan->run, axonc_push_tape(plan->store[0], plan->parts->tape_bytes));
        }
    }
}

/* Steps backwards, from the last; the loss is taken before the first of them. */
static inline void axonc_backward(axonc_plan_t *plan, const axonc_action_t *action)
{
    if (plan->left == plan->reached) {
        plan->parts->loss(plan->run);
    }
    for (size_t step = action->last; step-- > action->first;) {
        plan->parts->load_tape(plan->run, axonc_pop_tape(plan->store[0], plan->parts->tape_bytes));
        plan->parts->backward(plan->run, step);
        plan->left = step;
        plan->counts->backwards += 1;
    }
}

/* The running state is kept, is that kept last, or that is forgotten. */
static inline void axonc_state(axonc_plan_t *plan, const axonc_action_t *action)
{
    axonc_store_t *store = plan->store[action->off];
    const size_t bytes = plan->parts->state_bytes;
    if (action->what == AXONC_STORE_STATE) {
        plan->parts->keep_state(plan->run, axonc_push_state(store, bytes));
    } else if (action->what == AXONC_LOAD_STATE) {
        plan->parts->load_state(plan->run, axonc_last_state(store, bytes));
    } else {
        store->states -= bytes;
    }
    if (action->off != 0 && action->what != AXONC_FREE_STATE) {
        axonc_moved(plan, bytes);
    }
}

/* Tapes move from one store to the other, that kept last first. */
static inline void axonc_move_tapes(axonc_plan_t *plan, const axonc_action_t *action)
{
    const size_t bytes = plan->parts->tape_bytes, away = action->what == AXONC_STORE_TAPE;
    axonc_store_t *from = plan->store[1 - away], *to = plan->store[away];
    for (size_t step = action->first; step < action->last; step++) {
        const unsigned char *tape = axonc_pop_tape(from, bytes);
        memcpy(axonc_push_tape(to, bytes), tape, bytes);
    }
    axonc_moved(plan, bytes * (action->last - action->first));
}

/* All actions, one after the other. */
static inline void axonc_execute(axonc_plan_t *plan, const axonc_action_t *actions, size_t count)
{
    for (const axonc_action_t *action = actions; action < actions + count; action++) {
        if (action->what == AXONC_ADVANCE || action->what == AXONC_TAPE) {
            axonc_forward(plan, action);
        } else if (action->what == AXONC_BACKWARD) {
            axonc_backward(plan, action);
        } else if (action->what == AXONC_STORE_TAPE || action->what == AXONC_LOAD_TAPE) {
            axonc_move_tapes(plan, action);
        } else {
            axonc_state(plan, action);
        }
    }
}

#endif
