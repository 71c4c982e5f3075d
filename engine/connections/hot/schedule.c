/* The schedule of an open loop, as long as it is simple: connections that are free, and requests that are due.
 *
 * Python makes the due times (engine/pacing.py), some at a time, and decides whenever more than the next request
 * is in question: a pause, an end, requests that are to be sent again, more connections. See pool.py for the rules,
 * which are the same here.
 */

#include "hot.h"

#include <string.h>
#include <sys/timerfd.h>

/* Let a connection wait for something to send. */
void hot_wait(struct hot *hot, int fd)
{
    struct connection *connection = &hot->connections[fd];
    if (connection->waits)
        return;
    connection->waits = 1;
    connection->newer = -1;
    connection->older = hot->newest;
    if (hot->newest >= 0)
        hot->connections[hot->newest].newer = fd;
    else
        hot->oldest = fd;
    hot->newest = fd;
    hot->waiting++;
}

void hot_wait_no_more(struct hot *hot, int fd)
{
    struct connection *connection = &hot->connections[fd];
    if (!connection->waits)
        return;
    connection->waits = 0;
    if (connection->newer >= 0)
        hot->connections[connection->newer].older = connection->older;
    else
        hot->newest = connection->older;
    if (connection->older >= 0)
        hot->connections[connection->older].newer = connection->newer;
    else
        hot->oldest = connection->newer;
    hot->waiting--;
}

/* Return the connection that waits for the longest time, or for the shortest; -1 for none. */
int hot_waiting(struct hot *hot, int longest) { return longest ? hot->oldest : hot->newest; }

static void look_at_next(struct hot *hot)
{
    int is_due = hot->due_at < hot->due_count && hot->due[hot->due_at] <= hot->until_ns;
    hot->due_ns = is_due ? hot->due[hot->due_at] : NEVER;
}

/* Whether Python is to give more due times. */
int hot_is_used_up(const struct hot *hot)
{
    return hot->due_count && hot->due_at == hot->due_count;
}

/* Have the timer's descriptor readable when the next request is due. */
void hot_wake_at_due(struct hot *hot)
{
    if (hot->due_ns >= hot->armed_ns || hot->due_ns == NEVER || hot->timer < 0)
        return;
    hot->armed_ns = hot->due_ns;
    int64_t at_ns = hot->due_ns > 1 ? hot->due_ns : 1; /* 0 would disarm it */
    struct itimerspec when = {.it_value = {at_ns / 1000000000, at_ns % 1000000000}};
    timerfd_settime(hot->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

void hot_use_timer(struct hot *hot, int timer)
{
    hot->timer = timer;
    hot->armed_ns = NEVER;
}

/* Go on with these due times, in order; fewer than MOST_DUE. Without any, the schedule is over. */
void hot_due(struct hot *hot, const int64_t *times, int count)
{
    memcpy(hot->due, times, (size_t)count * sizeof *times);
    hot->due_at = 0;
    hot->due_count = count;
    look_at_next(hot);
    if (hot->scheduled && (hot->waiting || hot->may_open))
        hot_wake_at_due(hot);
}

/* Nothing is due after this. */
void hot_until(struct hot *hot, int64_t until_ns)
{
    hot->until_ns = until_ns;
    look_at_next(hot);
}

/* Go on to the next due time; returns whether Python is to give more of them. */
int hot_take_due(struct hot *hot)
{
    hot->due_at++;
    look_at_next(hot);
    return hot_is_used_up(hot);
}

/* Copy the due times that were given and not reached, without the next one; returns how many. */
int hot_rest(const struct hot *hot, int64_t *times)
{
    int first = hot->due_at + 1, count = hot->due_count - first;
    if (count <= 0)
        return 0;
    memcpy(times, hot->due + first, (size_t)count * sizeof *times);
    return count;
}

static enum event send_due(struct hot *hot, int fd, int64_t now_ns, int64_t lag_ns)
{
    int64_t due_ns = hot->due_ns;
    hot_take_due(hot);
    hot_add(&hot->lag, &lag_ns, sizeof lag_ns); /* without room, a lag is lost and nothing else */
    return hot_sent(hot, fd, hot_send(hot, fd, now_ns, due_ns));
}

/* A connection is free: send on it what is due, or let it wait. */
enum event hot_next(struct hot *hot, int fd, int64_t now_ns)
{
    enum event event = DONE;
    if (hot->due_ns <= now_ns)
        /* Without a connection that waits, the request waited for one: that is no lag of ours. */
        event = send_due(hot, fd, now_ns, hot->waiting ? now_ns - hot->due_ns : 0);
    else
        hot_wait(hot, fd);
    if (hot->waiting || hot->may_open)
        hot_wake_at_due(hot);
    return event;
}

/* Send what is due on the connections that wait. The one that waits for the shortest time is first: fewer of them stay
 * in use, and a target's caches warm. */
enum event hot_dispatch(struct hot *hot, int64_t now_ns)
{
    hot->is_dispatching = 1;
    while (hot->due_ns <= now_ns && hot->waiting) {
        int fd = hot->newest;
        hot_wait_no_more(hot, fd);
        enum event event = send_due(hot, fd, now_ns, now_ns - hot->due_ns);
        if (event != DONE)
            return event;
        now_ns = hot_now();
    }
    if (hot_is_used_up(hot))
        return DONE; /* which is told first of all, and then this goes on */
    hot->is_dispatching = 0;
    if (hot->due_ns > now_ns) {
        hot_wake_at_due(hot);
        return DONE;
    }
    return hot->may_open ? hot_tell(hot, -1, WANTED, 0) : DONE;
}
