/* The least an HTTP/1.1 server can do: it counts empty lines and answers each with the same bytes.
 *
 * One thread, one epoll set. What a client reaches against it is bounded by the client and the kernel, which is
 * what a benchmark of clients wants.
 *
 * usage: tiny PORT BODY_BYTES
 *    or: tiny PORT BODY_BYTES CERTIFICATE KEY, compiled with -DTLS -lssl -lcrypto
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef TLS
#include <openssl/err.h>
#include <openssl/ssl.h>
#define ARGUMENTS 5
#define USAGE "PORT BODY_BYTES CERTIFICATE KEY"
#else
#define ARGUMENTS 3
#define USAGE "PORT BODY_BYTES"
#endif

#define EVENTS 512
#define FILES 70000

static char *answer;
static size_t answer_bytes;
static size_t unsent[FILES]; /* bytes of answers still to be sent, per connection */
static unsigned char matched[FILES]; /* how much of "\r\n\r\n" the last bytes were */

/* What differs over TLS: to begin, to read, to write and to end. A read and a write are one call of the kernel, as
 * without it; -1 with EAGAIN where there is nothing now. */
#ifdef TLS
static SSL_CTX *context;
static SSL *tls[FILES];

static int prepare(char **files) {
    context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    return SSL_CTX_use_certificate_chain_file(context, files[0]) == 1 &&
           SSL_CTX_use_PrivateKey_file(context, files[1], SSL_FILETYPE_PEM) == 1;
}

static void begin(int fd) {
    tls[fd] = SSL_new(context);
    SSL_set_fd(tls[fd], fd);
    SSL_set_accept_state(tls[fd]);
}

static ssize_t result(int fd, int done) {
    if (done > 0) return done;
    int why = SSL_get_error(tls[fd], done);
    ERR_clear_error();
    errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
    return why == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

static ssize_t take(int fd, char *into, size_t most) { return result(fd, SSL_read(tls[fd], into, (int)most)); }
static int holds_more(int fd) { return SSL_has_pending(tls[fd]); }

static ssize_t give(int fd, const char *from, size_t bytes) {
    return result(fd, SSL_write(tls[fd], from, (int)bytes));
}

static void end(int fd) {
    SSL_free(tls[fd]);
    close(fd);
}
#else
static int prepare(char **files) { return files != NULL; }
static void begin(int fd) { (void)fd; }
static ssize_t take(int fd, char *into, size_t most) { return recv(fd, into, most, 0); }
static int holds_more(int fd) { return fd < 0; }
static ssize_t give(int fd, const char *from, size_t bytes) { return send(fd, from, bytes, MSG_NOSIGNAL); }
static void end(int fd) { close(fd); }
#endif

static void send_some(int epoll, int fd) {
    while (unsent[fd]) {
        size_t at = answer_bytes - (unsent[fd] - 1) % answer_bytes - 1;
        ssize_t sent = give(fd, answer + at, answer_bytes - at);
        if (sent < 0) {
            if (errno == EAGAIN) {
                struct epoll_event want = {.events = EPOLLIN | EPOLLOUT, .data.fd = fd};
                epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &want);
            }
            return;
        }
        unsent[fd] -= (size_t)sent;
    }
}

static void count_requests(int fd, const char *data, ssize_t got) {
    static const char empty_line[] = "\r\n\r\n";
    for (ssize_t i = 0; i < got; i++) {
        if (data[i] == empty_line[matched[fd]]) {
            if (++matched[fd] == 4) {
                matched[fd] = 0;
                unsent[fd] += answer_bytes;
            }
        } else {
            matched[fd] = data[i] == '\r';
        }
    }
}

static void serve(int epoll, int fd, unsigned events) {
    char data[16384];
    if (events & EPOLLOUT) {
        send_some(epoll, fd);
        if (!unsent[fd]) {
            struct epoll_event want = {.events = EPOLLIN, .data.fd = fd};
            epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &want);
        }
    }
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
    do {
        ssize_t got = take(fd, data, sizeof data);
        if (got < 0 && errno == EAGAIN) break;
        if (got <= 0) {
            end(fd);
            return;
        }
        count_requests(fd, data, got);
    } while (holds_more(fd));
    send_some(epoll, fd);
}

int main(int argc, char **argv) {
    if (argc != ARGUMENTS) {
        fprintf(stderr, "usage: tiny " USAGE "\n");
        return 2;
    }
    if (!prepare(argv + 3)) {
        fprintf(stderr, "tiny: cannot use %s and %s\n", argv[3], argv[4]);
        return 1;
    }
    size_t body = strtoul(argv[2], NULL, 10);
    answer = malloc(body + 256);
    /* Keep-alive is said in so many words: ab speaks HTTP/1.0 and waits for the end of the connection otherwise. */
    int head = sprintf(answer, "HTTP/1.1 200 OK\r\nServer: tiny\r\nContent-Type: text/plain\r\nConnection: keep-alive\r\nContent-Length: %zu\r\n\r\n", body);
    memset(answer + head, 'x', body);
    answer_bytes = (size_t)head + body;

    signal(SIGPIPE, SIG_IGN); /* OpenSSL's write */
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 16384)) {
        perror("tiny: cannot listen");
        return 1;
    }
    int epoll = epoll_create1(0);
    struct epoll_event want = {.events = EPOLLIN, .data.fd = listener}, ready[EVENTS];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &want);
    socklen_t length = sizeof address;
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(epoll, ready, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            int fd = ready[i].data.fd;
            if (fd != listener) {
                serve(epoll, fd, ready[i].events);
                continue;
            }
            int client;
            while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                if (client >= FILES) {
                    close(client);
                    continue;
                }
                setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                unsent[client] = 0;
                matched[client] = 0;
                begin(client);
                want.events = EPOLLIN;
                want.data.fd = client;
                epoll_ctl(epoll, EPOLL_CTL_ADD, client, &want);
            }
        }
    }
}
