/* The hot path: drains the ready sockets of one epoll set, for as long as what they bring is ordinary.
 *
 * Ordinary is the answer that everybody expects: a head that Python has parsed once and told to `hot_expect`,
 * and as many bytes of body as that head says, in however many pieces. Its times are noted and, in a closed loop,
 * the next request is sent at once. All else (another head, chunks, an end, an error, a socket that takes no
 * more) is handed to Python as one event, whose bytes and numbers are in `struct hot`; then Python calls
 * `hot_drain` again, which goes on where it was. So there is one reader of HTTP, engine/connections/answers.py,
 * and this file knows nothing of it but how to compare bytes.
 *
 * Plain C without Python's headers: it is called through ctypes, needs no GIL, and one build serves any Python.
 * One thread only. engine/connections/hotpath.py has the same structs and constants.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

enum { EVENTS_AT_ONCE = 128, BUFFER_BYTES = 65536, FIRST_READ_BYTES = 4096, LONGEST_EXPECTED = 8192 };

/* How long a turn may be, but for the wait of a millisecond at its end: timers are late by as much. And how
 * soon after the last turn answers come one upon the other. */
static const int64_t TURN_NS = 2000 * 1000, DENSE_NS = 200 * 1000;

/* How a connection is; the first three are http1.py's. */
enum state { IDLE, AWAITING, READING, BODY };

/* What Python is told. */
enum event { DONE, DATA, SURPLUS, ANSWERED, CUT_SHORT, CLOSED, FAILED, OTHER };

struct connection { /* by its file descriptor */
    int64_t planned_ns, written_ns;
    int64_t left;    /* bytes of the body that are to come, in BODY */
    uint8_t state;
    uint8_t reused;  /* an answer came on it before */
    uint8_t present; /* ours: readable here */
    uint8_t careful; /* sent by Python, because the kernel did not take a request whole once */
    uint8_t pad[4];
};

struct hot {
    /* The event, for Python. */
    int64_t at_ns;       /* when its last byte arrived */
    int64_t bytes_in;    /* in all; Python sets it back */
    const char *data;
    int32_t fd, size;    /* size: bytes of data, bytes that were sent, or an errno */
    uint32_t events;     /* epoll's */
    /* From Python. */
    uint8_t held;        /* Python decides what is sent next */
    uint8_t is_open;     /* an open loop: keep when requests were due */
    uint8_t stamped;     /* sockets have SO_TIMESTAMPING */
    uint8_t pad;

    int epoll, capacity, highest;
    struct connection *connections;

    const char *request;
    size_t request_bytes;
    char expected[LONGEST_EXPECTED];
    size_t expected_bytes; /* 0: nothing is ordinary */
    int64_t total_bytes;   /* of the whole answer */
    uint16_t status;

    int64_t *written, *last, *planned;
    uint16_t *outcome;
    size_t records, room;

    int ready, next;
    int64_t begun_ns, ended_ns; /* of this turn, or 0; of the last one */
    int is_dense;
    int64_t real_to_monotonic;
    struct epoll_event found[EVENTS_AT_ONCE];
    char buffer[BUFFER_BYTES];
};

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void hot_free(struct hot *hot)
{
    if (!hot)
        return;
    free(hot->connections);
    free(hot->written);
    free(hot->last);
    free(hot->planned);
    free(hot->outcome);
    free((char *)hot->request);
    free(hot);
}

struct hot *hot_new(int epoll, unsigned capacity, const char *request, size_t request_bytes)
{
    struct hot *hot = calloc(1, sizeof *hot);
    char *copy = malloc(request_bytes);
    if (hot) {
        hot->request = copy;
        /* Pages appear when they are used. The last one is of no socket: see hotpath.py's NOWHERE. */
        hot->connections = calloc((size_t)capacity + 1, sizeof *hot->connections);
    }
    if (!hot || !copy || !hot->connections) {
        if (!hot)
            free(copy);
        hot_free(hot);
        return NULL;
    }
    memcpy(copy, request, request_bytes);
    hot->request_bytes = request_bytes;
    hot->epoll = epoll;
    hot->capacity = (int)capacity;
    return hot;
}

struct connection *hot_connections(struct hot *hot) { return hot->connections; }

/* Take a socket over, or give it back. */
void hot_present(struct hot *hot, int fd, int present)
{
    struct connection *connection = &hot->connections[fd];
    memset(connection, 0, sizeof *connection);
    connection->present = present != 0;
    if (present && fd >= hot->highest)
        hot->highest = fd + 1;
}

/* Say what an ordinary answer is: it begins with these bytes, and has so many in all. 0 bytes: none is. */
void hot_expect(struct hot *hot, const char *begin, size_t bytes, int64_t total_bytes, uint16_t status)
{
    hot->expected_bytes = bytes <= LONGEST_EXPECTED ? bytes : 0;
    memcpy(hot->expected, begin, hot->expected_bytes);
    hot->total_bytes = total_bytes;
    hot->status = status;
}

/* Receive; with `dropped`, the kernel lets go of the bytes without copying them, so that nobody need. */
static ssize_t receive(struct hot *hot, int fd, size_t most, int dropped, int64_t *at_ns)
{
    union { struct cmsghdr align; char bytes[CMSG_SPACE(3 * sizeof(struct timespec))]; } control;
    struct iovec into = {hot->buffer, most};
    struct msghdr message = {.msg_iov = &into, .msg_iovlen = 1};
    if (!hot->stamped)
        return recv(fd, hot->buffer, most, dropped ? MSG_TRUNC : 0);
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    ssize_t got = recvmsg(fd, &message, dropped ? MSG_TRUNC : 0);
    if (got <= 0)
        return got;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SO_TIMESTAMPING) {
            struct timespec stamp; /* of the last byte that was received */
            memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
            if (stamp.tv_sec)
                *at_ns = stamp.tv_sec * INT64_C(1000000000) + stamp.tv_nsec + hot->real_to_monotonic;
        }
    }
    return got;
}

static int make_room(struct hot *hot)
{
    size_t room = hot->room ? 2 * hot->room : 4096;
    int64_t **times[] = {&hot->written, &hot->last, &hot->planned};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        int64_t *larger = realloc(*times[i], room * sizeof **times[i]);
        if (!larger)
            return 0;
        *times[i] = larger;
    }
    uint16_t *larger = realloc(hot->outcome, room * sizeof *larger);
    if (!larger)
        return 0;
    hot->outcome = larger;
    hot->room = room;
    return 1;
}

static enum event tell(struct hot *hot, int fd, enum event event, ssize_t size)
{
    hot->fd = fd;
    hot->size = (int32_t)size;
    hot->data = hot->buffer;
    return event;
}

/* Send the request on an idle connection; returns how much of it the kernel took. */
int hot_send(struct hot *hot, int fd, int64_t now_ns, int64_t planned_ns)
{
    struct connection *connection = &hot->connections[fd];
    connection->planned_ns = planned_ns;
    connection->written_ns = now_ns;
    connection->state = AWAITING;
    ssize_t sent = send(fd, hot->request, hot->request_bytes, MSG_NOSIGNAL);
    return sent < 0 ? 0 : (int)sent; /* what is wrong shows when the rest is sent */
}

/* An answer is whole: note it, and send the next request if nobody else is to decide that. */
static enum event answered(struct hot *hot, int fd, int64_t at_ns)
{
    struct connection *connection = &hot->connections[fd];
    int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    /* A stamp is of another clock, which may be set: never before the request, never in the future. */
    if (!at_ns || at_ns > now_ns)
        at_ns = now_ns;
    if (at_ns < connection->written_ns)
        at_ns = connection->written_ns;
    if (hot->records == hot->room && !make_room(hot))
        return tell(hot, fd, FAILED, ENOMEM);
    size_t record = hot->records++;
    hot->written[record] = connection->written_ns;
    hot->last[record] = at_ns;
    hot->planned[record] = connection->planned_ns;
    hot->outcome[record] = hot->status;
    connection->reused = 1;
    if (hot->held || connection->careful) {
        connection->state = IDLE;
        connection->written_ns = 0;
        hot->at_ns = now_ns;
        return tell(hot, fd, ANSWERED, 0);
    }
    int sent = hot_send(hot, fd, now_ns, now_ns);
    return (size_t)sent == hot->request_bytes ? DONE : tell(hot, fd, CUT_SHORT, sent);
}

/* Read on in a body whose length is known. One byte more is asked for: there should be none. */
static enum event read_body(struct hot *hot, int fd)
{
    struct connection *connection = &hot->connections[fd];
    int64_t at_ns = 0;
    ssize_t got = receive(hot, fd, (size_t)connection->left + 1, 1, &at_ns);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? DONE : tell(hot, fd, FAILED, errno);
    if (got == 0)
        return tell(hot, fd, CLOSED, 0);
    hot->bytes_in += got;
    connection->left -= got;
    if (connection->left > 0)
        return DONE;
    if (connection->left == 0)
        return answered(hot, fd, at_ns);
    hot->at_ns = at_ns;
    return tell(hot, fd, SURPLUS, 0);
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
    int64_t at_ns = 0;
    ssize_t got = receive(hot, fd, most, 0, &at_ns);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? DONE : tell(hot, fd, FAILED, errno);
    if (got == 0)
        return tell(hot, fd, CLOSED, 0);
    if (ordinary && (size_t)got >= hot->expected_bytes && got <= hot->total_bytes &&
        memcmp(hot->buffer, hot->expected, hot->expected_bytes) == 0) {
        hot->bytes_in += got;
        if (got == hot->total_bytes)
            return answered(hot, fd, at_ns);
        connection->state = BODY;
        connection->left = hot->total_bytes - got;
        return (size_t)got == most ? read_body(hot, fd) : DONE;
    }
    hot->at_ns = at_ns;
    return tell(hot, fd, DATA, got);
}

/* Drain what is ready, until nothing is, something is Python's, or others want a turn.
 *
 * The event loop's turn costs as much as two answers. So where answers come one upon the other, and Python had
 * nothing to do in this turn (`may_wait`), the next one is waited for here, as long as nobody can mind. */
int hot_drain(struct hot *hot, int may_wait)
{
    int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    if (!hot->begun_ns) {
        hot->begun_ns = now_ns;
        hot->is_dense = now_ns - hot->ended_ns < DENSE_NS;
    }
    for (;;) {
        while (hot->next < hot->ready) {
            struct epoll_event *found = &hot->found[hot->next++];
            int fd = found->data.fd;
            enum event event;
            hot->events = found->events;
            if (fd >= hot->capacity || !hot->connections[fd].present || found->events & EPOLLOUT)
                event = tell(hot, fd, OTHER, 0);
            else
                event = readable(hot, fd);
            if (event != DONE)
                return event;
        }
        if (now_ns - hot->begun_ns >= TURN_NS)
            break;
        hot->next = 0;
        hot->ready = epoll_wait(hot->epoll, hot->found, EVENTS_AT_ONCE, may_wait && hot->is_dense);
        if (hot->ready <= 0)
            break;
        now_ns = clock_ns(CLOCK_MONOTONIC);
        hot->real_to_monotonic = now_ns - clock_ns(CLOCK_REALTIME);
    }
    hot->begun_ns = hot->ready = hot->next = 0;
    hot->ended_ns = clock_ns(CLOCK_MONOTONIC);
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

/* Give out the columns of what ended; they are good until the next call of anything. */
size_t hot_take(struct hot *hot, int64_t **written, int64_t **last, uint16_t **outcome, int64_t **planned)
{
    size_t records = hot->records;
    *written = hot->written;
    *last = hot->last;
    *planned = hot->planned;
    *outcome = hot->outcome;
    hot->records = 0;
    return records;
}

/* Which source this was made of (a checksum); Python compares it with the file that it finds. */
uint32_t hot_source(void) { return HOT_SOURCE; }

size_t hot_size(int which) { return which ? sizeof(struct connection) : offsetof(struct hot, epoll); }
