/* Threads that do the same piece of work together, again and again. */
#ifndef AXONC_TEAM_H
#define AXONC_TEAM_H

#include <stdint.h>

typedef struct team team_t;

/* A team of some members, of which the caller is one; fewer if the system gives no more threads.
   NULL if the caller is to be alone. */
team_t *team_new(uint32_t members, void (*work)(void *), void *context);

/* Every member does the work once; returns when all are done. */
void team_run(team_t *team);

/* Sends the members home; NULL is no team. */
void team_free(team_t *team);

#endif
