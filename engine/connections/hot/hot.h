/* What drain.c and schedule.c share; engine/connections/hot/path.py has the same of it that it needs.
 *
 * Plain C without Python's headers: it is called through ctypes, and one build serves any Python. One thread only.
 */

#ifndef HOT_H
#define HOT_H

#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

enum { EVENTS_AT_ONCE = 64, BUFFER_BYTES = 262144, FIRST_READ_BYTES = 4096, LONGEST_EXPECTED = 8192, MOST_DUE = 64 };

/* Received at once over TLS: decrypted, with a record that had begun before, it fits into the buffer. */
enum { SEALED_BYTES = BUFFER_BYTES - 32768 };

static const int64_t NEVER = INT64_C(1) << 62;

/* How a connection is; the first three are http1.py's. */
enum state { IDLE, AWAITING, READING, BODY };

/* What Python is told. */
enum event { DONE, DATA, SURPLUS, ANSWERED, CUT_SHORT, CLOSED, FAILED, OTHER, USED_UP, WANTED, BROKEN };

struct tls;

struct connection { /* by its file descriptor */
    int64_t planned_ns, written_ns;
    int64_t left;             /* bytes of the body that are to come, in BODY */
    uint8_t state;
    uint8_t reused;           /* an answer came on it before */
    uint8_t present;          /* ours: readable here */
    uint8_t careful;          /* sent by Python, because the kernel did not take a request whole once */
    uint8_t waits;            /* it is in the list of those that wait for something to send */
    uint8_t pad;
    uint16_t status;          /* of the answer that is in BODY */
    int32_t newer, older;     /* its neighbours there */
    struct tls *tls;          /* of tls.c, or NULL */
};

struct column { /* grows */
    char *bytes;
    size_t used, room;
};

struct hot {
    /* The event, for Python. */
    int64_t at_ns;            /* when its last byte arrived */
    int64_t bytes_in;         /* in all; Python sets it back */
    int64_t due_ns;           /* when the next request of the schedule is due; NEVER without one */
    const char *data;
    int32_t fd, size;         /* size: bytes of data, bytes that were sent, an errno, a status */
    int32_t waiting;          /* connections that wait for something to send */
    uint32_t events;          /* epoll's */
    /* From Python. */
    uint8_t held;             /* not sent at once: Python decides, or the schedule does */
    uint8_t is_open;          /* an open loop: keep when requests were due */
    uint8_t stamped;          /* sockets have SO_TIMESTAMPING; for Python to read */
    uint8_t scheduled;        /* what is due is sent from here */
    uint8_t may_open;         /* a request that no connection is free for may have one opened */
    uint8_t pad[3];

    int epoll, capacity, highest;
    struct connection *connections;

    char *request;
    size_t request_bytes;
    char expected[LONGEST_EXPECTED];
    size_t expected_bytes;    /* 0: nothing is ordinary */
    int64_t total_bytes;      /* of the whole answer */
    uint16_t status;

    struct column written, last, planned, outcome, lag;

    int ready, next;          /* of `found` */
    int64_t begun_ns, ended_ns; /* of this turn, or 0; of the last one */
    int is_dense;
    int64_t real_to_monotonic;

    int newest, oldest;       /* of those that wait; -1 for none */
    int timer;                /* its file descriptor, or -1 */
    int64_t armed_ns, until_ns;
    int64_t due[MOST_DUE];
    int due_at, due_count;
    int is_dispatching;

    struct epoll_event found[EVENTS_AT_ONCE];
    char buffer[BUFFER_BYTES];
    char sealed[SEALED_BYTES]; /* what was received over TLS */
};

/* drain.c */
int64_t hot_now(void);
enum event hot_tell(struct hot *hot, int fd, enum event event, ssize_t size);
int hot_send(struct hot *hot, int fd, int64_t now_ns, int64_t planned_ns);
enum event hot_sent(struct hot *hot, int fd, int sent);
int hot_add(struct column *column, const void *value, size_t size);

/* schedule.c */
void hot_wait(struct hot *hot, int fd);
void hot_wait_no_more(struct hot *hot, int fd);
int hot_is_used_up(const struct hot *hot);
enum event hot_next(struct hot *hot, int fd, int64_t now_ns);
enum event hot_dispatch(struct hot *hot, int64_t now_ns);

/* tls.c */
void hot_forget_errors(void);
ssize_t hot_seal(struct tls *tls, const char *from, size_t bytes);
ssize_t hot_unseal(struct hot *hot, struct tls *tls, size_t bytes, int dropped);

#endif
