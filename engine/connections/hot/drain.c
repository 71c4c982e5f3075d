/* The hot path: drains the ready sockets of one epoll set, for as long as what they bring is ordinary.
 *
 * Ordinary is the answer that everybody expects: a head that Python has parsed once and told to `hot_expect`,
 * and as many bytes of body as that head says, in however many pieces. Its times are noted and, in a closed loop,
 * the next request is sent at once. All else (another head, chunks, an end, an error, a socket that takes no
 * more) is handed to Python as one event, whose bytes and numbers are in `struct hot`; then Python calls
 * `hot_drain` again, which goes on where it was. So there is one reader of HTTP, engine/connections/answers.py,
 * and this file knows nothing of it but how to compare bytes.
 */

#include "hot.h"

#include <errno.h>
#include <linux/net_tstamp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* How long a turn may be, but for the wait of a millisecond at its end: timers are late by as much. And how
 * soon after the last turn answers come one upon the other. */
static const int64_t TURN_NS = 1000 * 1000, DENSE_NS = 200 * 1000;

/* Two clocks that are read one after the other are compared if no more time than this went by. */
static const int64_t AT_ONCE_NS = 20 * 1000;

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t hot_now(void) { return clock_ns(CLOCK_MONOTONIC); }

/* Note how the clock of stamps stands to ours; not if this process stood still in between, as one does that loses its
 * core: all stamps of the turn would be off by that, where those of the turn before are good enough. */
static void compare_clocks(struct hot *hot, int64_t now_ns)
{
    int64_t real_ns = clock_ns(CLOCK_REALTIME);
    if (hot_now() - now_ns < AT_ONCE_NS || !hot->real_to_monotonic)
        hot->real_to_monotonic = now_ns - real_ns;
}

void hot_free(struct hot *hot)
{
    free(hot->connections);
    free(hot->written.bytes);
    free(hot->last.bytes);
    free(hot->planned.bytes);
    free(hot->outcome.bytes);
    free(hot->lag.bytes);
    free(hot->request);
    free(hot);
}

struct hot *hot_new(int epoll, unsigned capacity, const char *request, size_t request_bytes)
{
    struct hot *hot = calloc(1, sizeof *hot);
    if (!hot)
        return NULL;
    hot->request = malloc(request_bytes);
    /* Pages appear when they are used. The last one is of no socket: see path.py's `nowhere`. */
    hot->connections = calloc((size_t)capacity + 1, sizeof *hot->connections);
    if (!hot->request || !hot->connections) {
        hot_free(hot);
        return NULL;
    }
    memcpy(hot->request, request, request_bytes);
    hot->request_bytes = request_bytes;
    hot->epoll = epoll;
    hot->newest = hot->oldest = hot->timer = -1;
    hot->due_ns = hot->armed_ns = hot->until_ns = NEVER;
    hot->capacity = (int)capacity;
    return hot;
}

struct connection *hot_connections(struct hot *hot) { return hot->connections; }

void hot_take_over(struct hot *hot, int fd)
{
    memset(&hot->connections[fd], 0, sizeof *hot->connections);
    hot->connections[fd].present = 1;
    if (fd >= hot->highest)
        hot->highest = fd + 1;
}

/* Have the kernel stamp what a socket receives. Where it cannot, or a stamp has another form, the clock is read. */
void hot_stamp(struct hot *hot, int fd)
{
    int what = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    hot->stamped = sizeof(long) == 8 && setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &what, sizeof what) == 0;
}

/* Have nothing more to do with a socket; how its connection was can still be looked up. */
void hot_give_back(struct hot *hot, int fd)
{
    hot_wait_no_more(hot, fd);
    hot->connections[fd].present = 0;
    hot->connections[fd].tls = NULL;
}

/* Say what an ordinary answer is: it begins with these bytes, and has so many in all. 0 bytes: none is. */
void hot_expect(struct hot *hot, const char *begin, size_t bytes, int64_t total_bytes, uint16_t status)
{
    hot->expected_bytes = bytes <= LONGEST_EXPECTED ? bytes : 0;
    memcpy(hot->expected, begin, hot->expected_bytes);
    hot->total_bytes = total_bytes;
    hot->status = status;
}

/* Receive what is there, with the kernel's stamp where there is one. */
static ssize_t receive_into(struct hot *hot, int fd, char *into, size_t most, int flags, int64_t *stamp_ns)
{
    union { struct cmsghdr align; char bytes[CMSG_SPACE(3 * sizeof(struct timespec))]; } control;
    struct iovec where = {into, most};
    struct msghdr message = {.msg_iov = &where, .msg_iovlen = 1};
    if (!hot->stamped)
        return recv(fd, into, most, flags);
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    ssize_t got = recvmsg(fd, &message, flags);
    if (got <= 0)
        return got;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SO_TIMESTAMPING) {
            struct timespec stamp; /* of the last byte that was received */
            memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
            if (stamp.tv_sec)
                *stamp_ns = stamp.tv_sec * INT64_C(1000000000) + stamp.tv_nsec + hot->real_to_monotonic;
        }
    }
    return got;
}

/* Receive into the buffer: at most so many bytes, but over TLS all that is there. With `dropped` nobody
 * wants to see them, and TCP lets go of them without copying. */
static ssize_t receive(struct hot *hot, int fd, size_t most, int dropped, int64_t *stamp_ns)
{
    struct tls *tls = hot->connections[fd].tls;
    if (!tls)
        return receive_into(hot, fd, hot->buffer, most, dropped ? MSG_TRUNC : 0, stamp_ns);
    ssize_t got = receive_into(hot, fd, hot->sealed, SEALED_BYTES, 0, stamp_ns);
    return got > 0 ? hot_unseal(hot, tls, (size_t)got, dropped) : got;
}

/* Add a value to a column; returns whether there was room. */
int hot_add(struct column *column, const void *value, size_t size)
{
    if (column->used + size > column->room) {
        size_t room = column->room ? 2 * column->room : 32768;
        char *larger = realloc(column->bytes, room);
        if (!larger)
            return 0;
        column->bytes = larger;
        column->room = room;
    }
    memcpy(column->bytes + column->used, value, size);
    column->used += size;
    return 1;
}

enum event hot_tell(struct hot *hot, int fd, enum event event, ssize_t size)
{
    hot->fd = fd;
    hot->size = (int32_t)size;
    hot->data = hot->buffer;
    return event;
}

/* Send the request on an idle connection; returns how much of it the kernel took, or -errno. */
int hot_send(struct hot *hot, int fd, int64_t now_ns, int64_t planned_ns)
{
    struct connection *connection = &hot->connections[fd];
    connection->planned_ns = planned_ns;
    connection->written_ns = now_ns;
    connection->state = AWAITING;
    if (connection->tls)
        return (int)hot_seal(connection->tls, hot->request, hot->request_bytes);
    ssize_t sent = send(fd, hot->request, hot->request_bytes, MSG_NOSIGNAL);
    if (sent >= 0)
        return (int)sent;
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* Tell what became of a send. */
enum event hot_sent(struct hot *hot, int fd, int sent)
{
    if (sent == (int)hot->request_bytes)
        return DONE;
    return sent < 0 ? hot_tell(hot, fd, FAILED, -sent) : hot_tell(hot, fd, CUT_SHORT, sent);
}

/* Note an answer in all columns, or in none. */
static int note(struct hot *hot, const struct connection *connection, int64_t at_ns)
{
    size_t times = hot->written.used, outcomes = hot->outcome.used;
    if (hot_add(&hot->written, &connection->written_ns, sizeof at_ns) && hot_add(&hot->last, &at_ns, sizeof at_ns) &&
        (!hot->is_open || hot_add(&hot->planned, &connection->planned_ns, sizeof at_ns)) &&
        hot_add(&hot->outcome, &connection->status, sizeof connection->status))
        return 1;
    hot->written.used = hot->last.used = times;
    hot->planned.used = hot->is_open ? times : 0;
    hot->outcome.used = outcomes;
    return 0;
}

/* Return when what was received on a connection arrived. A stamp is of another clock, which may be set: it is never
 * before the request, and never in the future. */
static int64_t arrival(const struct connection *connection, int64_t stamp_ns, int64_t now_ns)
{
    if (!stamp_ns || stamp_ns > now_ns)
        return now_ns;
    return stamp_ns < connection->written_ns ? connection->written_ns : stamp_ns;
}

/* Tell of what was received, beside its size or status when it arrived. */
static enum event received(struct hot *hot, int fd, enum event event, ssize_t size, int64_t stamp_ns)
{
    hot->at_ns = arrival(&hot->connections[fd], stamp_ns, hot_now());
    return hot_tell(hot, fd, event, size);
}

/* Tell why nothing was received. */
static enum event nothing(struct hot *hot, int fd, ssize_t got)
{
    if (got == 0)
        return hot_tell(hot, fd, CLOSED, 0);
    if (got == -2)
        return hot_tell(hot, fd, BROKEN, (ssize_t)strlen(hot->buffer));
    return errno == EAGAIN || errno == EINTR ? DONE : hot_tell(hot, fd, FAILED, errno);
}

/* An answer is whole: note it, and send the next request if nobody else is to decide that. */
static enum event answered(struct hot *hot, int fd, int64_t stamp_ns)
{
    struct connection *connection = &hot->connections[fd];
    int64_t now_ns = hot_now();
    if (!note(hot, connection, arrival(connection, stamp_ns, now_ns)))
        return hot_tell(hot, fd, FAILED, ENOMEM);
    connection->reused = 1;
    if (hot->held || connection->careful) {
        connection->state = IDLE;
        connection->written_ns = 0;
        if (hot->scheduled && !connection->careful)
            return hot_next(hot, fd, now_ns);
        hot->at_ns = now_ns;
        return hot_tell(hot, fd, ANSWERED, 0);
    }
    return hot_sent(hot, fd, hot_send(hot, fd, now_ns, now_ns));
}

/* Read on in a body whose length is known. One byte more is asked for: there should be none. */
static enum event read_body(struct hot *hot, int fd)
{
    struct connection *connection = &hot->connections[fd];
    int64_t stamp_ns = 0;
    size_t most = connection->left < BUFFER_BYTES ? (size_t)connection->left + 1 : BUFFER_BYTES;
    ssize_t got = receive(hot, fd, most, 1, &stamp_ns);
    if (got <= 0)
        return nothing(hot, fd, got);
    hot->bytes_in += got;
    connection->left -= got;
    if (connection->left > 0)
        return DONE;
    if (connection->left == 0)
        return answered(hot, fd, stamp_ns);
    return received(hot, fd, SURPLUS, connection->status, stamp_ns);
}

static enum event readable(struct hot *hot, int fd)
{
    struct connection *connection = &hot->connections[fd];
    if (connection->state == BODY)
        return read_body(hot, fd);
    int ordinary = connection->state == AWAITING && hot->expected_bytes;
    /* Of a long answer, the head is copied and what follows is not. */
    size_t most = ordinary && hot->total_bytes > FIRST_READ_BYTES ? FIRST_READ_BYTES : BUFFER_BYTES;
    if (most < hot->expected_bytes)
        most = LONGEST_EXPECTED;
    int64_t stamp_ns = 0;
    ssize_t got = receive(hot, fd, most, 0, &stamp_ns);
    if (got <= 0)
        return nothing(hot, fd, got);
    if (ordinary && (size_t)got >= hot->expected_bytes && got <= hot->total_bytes &&
        memcmp(hot->buffer, hot->expected, hot->expected_bytes) == 0) {
        hot->bytes_in += got;
        connection->status = hot->status; /* another head may become the ordinary one before this answer ends */
        if (got == hot->total_bytes)
            return answered(hot, fd, stamp_ns);
        connection->state = BODY;
        connection->left = hot->total_bytes - got;
        return (size_t)got == most ? read_body(hot, fd) : DONE;
    }
    return received(hot, fd, DATA, got, stamp_ns);
}

static enum event happened(struct hot *hot, const struct epoll_event *found)
{
    int fd = found->data.fd;
    hot->events = found->events;
    if (fd == hot->timer) {
        hot->armed_ns = NEVER;
        return hot->scheduled ? hot_dispatch(hot, hot_now()) : hot_tell(hot, fd, OTHER, 0);
    }
    if (fd >= hot->capacity || !hot->connections[fd].present || found->events & EPOLLOUT)
        return hot_tell(hot, fd, OTHER, 0);
    return readable(hot, fd);
}

/* Drain what is ready, until nothing is, something is Python's, or others want a turn.
 *
 * The event loop's turn costs as much as two answers. So where answers come one upon the other, and Python had
 * nothing to do in this turn (`may_wait`), the next one is waited for here, as long as nobody can mind. */
int hot_drain(struct hot *hot, int may_wait)
{
    int64_t now_ns = hot_now();
    enum event event;
    if (!hot->begun_ns) {
        hot->begun_ns = now_ns;
        hot->is_dense = now_ns - hot->ended_ns < DENSE_NS;
        hot_forget_errors();
    }
    for (;;) {
        if (hot_is_used_up(hot)) /* before anything asks when the next request is due */
            return hot_tell(hot, -1, USED_UP, 0);
        if (hot->is_dispatching && hot->scheduled && (event = hot_dispatch(hot, now_ns)) != DONE)
            return event;
        if (hot->next < hot->ready) {
            if ((event = happened(hot, &hot->found[hot->next++])) != DONE)
                return event;
            continue;
        }
        if (now_ns - hot->begun_ns >= TURN_NS)
            break;
        hot->next = 0;
        hot->ready = epoll_wait(hot->epoll, hot->found, EVENTS_AT_ONCE, may_wait && hot->is_dense);
        if (hot->ready <= 0)
            break;
        now_ns = hot_now();
        compare_clocks(hot, now_ns);
    }
    hot->begun_ns = hot->ready = hot->next = 0;
    hot->ended_ns = hot_now();
    return DONE;
}

/* Look at every request that is out: how many there are, when the oldest was due, and which are too old.
 * Returns how many of those there are; the first `most` of them are in `late`. */
int hot_look(struct hot *hot, int64_t limit_ns, int64_t *oldest_ns, int *out, int32_t *late, int most)
{
    int found = 0;
    *out = 0;
    for (int fd = 0; fd < hot->highest; fd++) {
        struct connection *connection = &hot->connections[fd];
        if (!connection->present || !connection->written_ns)
            continue;
        ++*out;
        int64_t due_ns = hot->is_open ? connection->planned_ns : connection->written_ns;
        if (connection->written_ns <= limit_ns) {
            if (found++ < most)
                late[found - 1] = fd;
        } else if (due_ns < *oldest_ns)
            *oldest_ns = due_ns;
    }
    return found;
}

/* Give out a column, and empty it; its bytes are good until the next call of anything. */
size_t hot_take(struct hot *hot, int which, char **bytes)
{
    struct column *columns[] = {&hot->written, &hot->last, &hot->outcome, &hot->planned, &hot->lag};
    size_t used = columns[which]->used;
    *bytes = columns[which]->bytes;
    columns[which]->used = 0;
    return used;
}

/* Which source this was made of (a checksum); Python compares it with the file that it finds. */
uint32_t hot_source(void) { return HOT_SOURCE; }

size_t hot_size(int which) { return which ? sizeof(struct connection) : offsetof(struct hot, epoll); }
