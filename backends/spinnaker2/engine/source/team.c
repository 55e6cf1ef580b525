#include "team.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct team {
    void (*work)(void *);
    void *context;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t begins;
    pthread_cond_t is_done;
    uint64_t round;
    uint32_t busy;
    bool is_over;
    uint32_t count; /* threads beside the caller */
    pthread_t threads[];
};

/* What a member besides the caller does all its life. */
static void *member(void *argument)
{
    team_t *team = argument;
    uint64_t seen = 0;

    pthread_mutex_lock(&team->lock);
    for (;;) {
        while (team->round == seen && !team->is_over) {
            pthread_cond_wait(&team->begins, &team->lock);
        }
        if (team->is_over) {
            break;
        }
        seen = team->round;
        pthread_mutex_unlock(&team->lock);
        team->work(team->context);
        pthread_mutex_lock(&team->lock);
        team->busy--;
        if (team->busy == 0) {
            pthread_cond_signal(&team->is_done);
        }
    }
    pthread_mutex_unlock(&team->lock);
    return NULL;
}

team_t *team_new(uint32_t members, void (*work)(void *), void *context)
{
    team_t *team = members > 1 ? calloc(1, sizeof *team + (members - 1) * sizeof(pthread_t)) : NULL;

    if (team == NULL) {
        return NULL;
    }
    team->work = work;
    team->context = context;
    pthread_mutex_init(&team->lock, NULL);
    pthread_cond_init(&team->begins, NULL);
    pthread_cond_init(&team->is_done, NULL);
    while (team->count < members - 1 &&
           pthread_create(&team->threads[team->count], NULL, member, team) == 0) {
        team->count++;
    }
    return team;
}

void team_run(team_t *team)
{
    pthread_mutex_lock(&team->lock);
    team->busy = team->count;
    team->round++;
    pthread_cond_broadcast(&team->begins);
    pthread_mutex_unlock(&team->lock);
    team->work(team->context);
    pthread_mutex_lock(&team->lock);
    while (team->busy > 0) {
        pthread_cond_wait(&team->is_done, &team->lock);
    }
    pthread_mutex_unlock(&team->lock);
}

void team_free(team_t *team)
{
    if (team == NULL) {
        return;
    }
    pthread_mutex_lock(&team->lock);
    team->is_over = true;
    pthread_cond_broadcast(&team->begins);
    pthread_mutex_unlock(&team->lock);
    for (uint32_t i = 0; i < team->count; i++) {
        pthread_join(team->threads[i], NULL);
    }
    pthread_cond_destroy(&team->is_done);
    pthread_cond_destroy(&team->begins);
    pthread_mutex_destroy(&team->lock);
    free(team);
}
