/* The least an HTTP/1.1 server can do: it counts empty lines and answers each with the same bytes.
 *
 * One thread, one epoll set. What a client reaches against it is bounded by the client and the kernel, which is
 * what a benchmark of clients wants.
 *
 * usage: tiny PORT BODY_BYTES
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 512
#define FILES 70000

static char *answer;
static size_t answer_bytes;
static size_t unsent[FILES]; /* bytes of answers still to be sent, per connection */
static unsigned char matched[FILES]; /* how much of "\r\n\r\n" the last bytes were */

static void send_some(int epoll, int fd) {
    while (unsent[fd]) {
        size_t at = answer_bytes - (unsent[fd] - 1) % answer_bytes - 1;
        ssize_t sent = send(fd, answer + at, answer_bytes - at, MSG_NOSIGNAL);
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

static void serve(int epoll, int fd, unsigned events) {
    static const char end[] = "\r\n\r\n";
    char data[16384];
    if (events & EPOLLOUT) {
        send_some(epoll, fd);
        if (!unsent[fd]) {
            struct epoll_event want = {.events = EPOLLIN, .data.fd = fd};
            epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &want);
        }
    }
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
    ssize_t got = recv(fd, data, sizeof data, 0);
    if (got <= 0) {
        if (got < 0 && errno == EAGAIN) return;
        close(fd);
        return;
    }
    for (ssize_t i = 0; i < got; i++) {
        if (data[i] == end[matched[fd]]) {
            if (++matched[fd] == 4) {
                matched[fd] = 0;
                unsent[fd] += answer_bytes;
            }
        } else {
            matched[fd] = data[i] == '\r';
        }
    }
    send_some(epoll, fd);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: tiny PORT BODY_BYTES\n");
        return 2;
    }
    size_t body = strtoul(argv[2], NULL, 10);
    answer = malloc(body + 256);
    /* Keep-alive is said in so many words: ab speaks HTTP/1.0 and waits for the end of the connection otherwise. */
    int head = sprintf(answer, "HTTP/1.1 200 OK\r\nServer: tiny\r\nContent-Type: text/plain\r\nConnection: keep-alive\r\nContent-Length: %zu\r\n\r\n", body);
    memset(answer + head, 'x', body);
    answer_bytes = (size_t)head + body;

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
                want.events = EPOLLIN;
                want.data.fd = client;
                epoll_ctl(epoll, EPOLL_CTL_ADD, client, &want);
            }
        }
    }
}
