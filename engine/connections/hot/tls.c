/* TLS on the hot path: OpenSSL encrypts, and the bytes go the same way as without it.
 *
 * Python shakes hands, with a context of its own; what is handed over here is OpenSSL's `SSL`. It is given a BIO that
 * writes to the socket, and reads from what was received last: so a read is one call of the kernel however many
 * records it brings, with the kernel's stamp, where OpenSSL by itself makes two a record.
 *
 * OpenSSL is the one that Python's ssl has loaded: what is needed of it is looked up by name, without its headers.
 * https://docs.openssl.org/3.0/man3/ has the functions; all of them are there since 1.1.1.
 */

#include "hot.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* As in OpenSSL's ssl.h and bio.h. */
enum { CLEAR_MODE = 78, RELEASE_BUFFERS = 0x10 };
enum { WANT_READ = 2, WANT_WRITE = 3, SYSCALL = 5, ZERO_RETURN = 6 };
enum { RETRY_READ = 0x01 | 0x08, RETRY_WRITE = 0x02 | 0x08, RETRY_ANY = 0x0F, SOURCE_SINK = 0x0400, FLUSH = 11 };

/* A connection's TLS; it is its BIO's, and freed with that. */
struct tls {
    void *ssl;
    const char *sealed; /* what was received and not read yet */
    size_t sealed_bytes;
    int fd;
};

static struct {
    int (*SSL_read)(void *ssl, void *into, int most);
    int (*SSL_write)(void *ssl, const void *from, int bytes);
    int (*SSL_get_error)(const void *ssl, int result);
    void (*SSL_set_bio)(void *ssl, void *reads, void *writes);
    long (*SSL_ctrl)(void *ssl, int command, long number, void *pointer);
    void (*ERR_clear_error)(void);
    unsigned long (*ERR_get_error)(void);
    const char *(*ERR_reason_error_string)(unsigned long error);
    int (*BIO_get_new_index)(void);
    void *(*BIO_meth_new)(int type, const char *name);
    int (*BIO_meth_set_read)(void *method, int (*function)(void *, char *, int));
    int (*BIO_meth_set_write)(void *method, int (*function)(void *, const char *, int));
    int (*BIO_meth_set_ctrl)(void *method, long (*function)(void *, int, long, void *));
    int (*BIO_meth_set_destroy)(void *method, int (*function)(void *));
    void *(*BIO_new)(const void *method);
    void (*BIO_set_init)(void *bio, int is_init);
    void (*BIO_set_data)(void *bio, void *data);
    void *(*BIO_get_data)(void *bio);
    void (*BIO_set_flags)(void *bio, int flags);
    void (*BIO_clear_flags)(void *bio, int flags);
} openssl;

/* In the order of the above. */
static const char *const NAMES[] = {
    "SSL_read", "SSL_write", "SSL_get_error", "SSL_set_bio", "SSL_ctrl", "ERR_clear_error", "ERR_get_error",
    "ERR_reason_error_string", "BIO_get_new_index", "BIO_meth_new", "BIO_meth_set_read", "BIO_meth_set_write",
    "BIO_meth_set_ctrl", "BIO_meth_set_destroy", "BIO_new", "BIO_set_init", "BIO_set_data", "BIO_get_data",
    "BIO_set_flags", "BIO_clear_flags",
};

static void *bio_method;

/* Python's ssl has OpenSSL free its buffers, 34 KB a connection, whenever they are empty. Where there are fewer sockets
 * than this, they are kept: to have them anew costs more than a tenth of OpenSSL's part in a short answer. */
static const int FEW_SOCKETS = 2048;

static int read_sealed(void *bio, char *into, int most)
{
    struct tls *tls = openssl.BIO_get_data(bio);
    openssl.BIO_clear_flags(bio, RETRY_ANY);
    if (!tls->sealed_bytes) {
        openssl.BIO_set_flags(bio, RETRY_READ);
        return -1;
    }
    size_t bytes = tls->sealed_bytes < (size_t)most ? tls->sealed_bytes : (size_t)most;
    memcpy(into, tls->sealed, bytes);
    tls->sealed += bytes;
    tls->sealed_bytes -= bytes;
    return (int)bytes;
}

static int write_sealed(void *bio, const char *from, int bytes)
{
    struct tls *tls = openssl.BIO_get_data(bio);
    openssl.BIO_clear_flags(bio, RETRY_ANY);
    ssize_t sent = send(tls->fd, from, (size_t)bytes, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        openssl.BIO_set_flags(bio, RETRY_WRITE);
    return (int)sent;
}

/* Nothing is held back, so to flush is done; no other question is ours. */
static long control(void *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == FLUSH;
}

static int destroy(void *bio)
{
    free(openssl.BIO_get_data(bio));
    return 1;
}

/* Use the OpenSSL of this library, which dlopen opened; returns whether all is there. */
int hot_use_openssl(void *library)
{
    if (bio_method)
        return 1;
    _Static_assert(sizeof openssl == sizeof NAMES, "a name for each function");
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        void *function = dlsym(library, NAMES[i]);
        if (!function)
            return 0;
        memcpy((char *)&openssl + i * sizeof function, &function, sizeof function);
    }
    void *method = openssl.BIO_meth_new(openssl.BIO_get_new_index() | SOURCE_SINK, "loadtop");
    if (!method)
        return 0;
    openssl.BIO_meth_set_read(method, read_sealed);
    openssl.BIO_meth_set_write(method, write_sealed);
    openssl.BIO_meth_set_ctrl(method, control);
    openssl.BIO_meth_set_destroy(method, destroy);
    bio_method = method;
    return 1;
}

/* Take over the TLS of a socket that was taken over, its handshake done; returns 0 without memory. */
int hot_secure(struct hot *hot, int fd, void *ssl)
{
    struct tls *tls = malloc(sizeof *tls);
    void *bio = tls ? openssl.BIO_new(bio_method) : NULL;
    if (!bio) {
        free(tls);
        return 0;
    }
    *tls = (struct tls){.ssl = ssl, .fd = fd};
    openssl.BIO_set_data(bio, tls);
    openssl.BIO_set_init(bio, 1);
    openssl.SSL_set_bio(ssl, bio, bio); /* which owns it now */
    if (fd < FEW_SOCKETS)
        openssl.SSL_ctrl(ssl, CLEAR_MODE, RELEASE_BUFFERS, NULL);
    hot_forget_errors();
    hot->connections[fd].tls = tls;
    return 1;
}

/* OpenSSL looks for the reason of a failure in a queue, which has to be empty before: where Python comes from, after
 * a failure, and not each time, because it costs as much as a tenth of what is done in between. */
void hot_forget_errors(void)
{
    if (bio_method)
        openssl.ERR_clear_error();
}

/* Encrypt and send; returns how much of it the kernel took, or -errno. */
ssize_t hot_seal(struct tls *tls, const char *from, size_t bytes)
{
    errno = 0;
    int sent = openssl.SSL_write(tls->ssl, from, (int)bytes);
    if (sent > 0)
        return sent;
    int why = openssl.SSL_get_error(tls->ssl, sent);
    if (why == WANT_READ || why == WANT_WRITE)
        return 0;
    hot_forget_errors();
    return why == SYSCALL && errno ? -errno : -EPROTO;
}

/* Decrypt what was received, all of it, into the buffer (`dropped`: one record over the other, which is kinder to
 * caches). Returns how many bytes that are, 0 at the end of what the target has to say, -1 with an errno, or -2 where
 * TLS is broken: then the buffer says why. */
ssize_t hot_unseal(struct hot *hot, struct tls *tls, size_t bytes, int dropped)
{
    size_t opened = 0;
    int got, why;
    tls->sealed = hot->sealed;
    tls->sealed_bytes = bytes;
    do {
        size_t at = dropped ? 0 : opened;
        got = openssl.SSL_read(tls->ssl, hot->buffer + at, (int)(BUFFER_BYTES - at));
        if (got > 0)
            opened += (size_t)got;
    } while (got > 0 && tls->sealed_bytes);
    if (got > 0)
        return (ssize_t)opened;
    tls->sealed_bytes = 0;
    why = openssl.SSL_get_error(tls->ssl, got);
    if (why == WANT_READ) {
        errno = EAGAIN;
        return opened ? (ssize_t)opened : -1;
    }
    if (opened || why == ZERO_RETURN) {
        shutdown(tls->fd, SHUT_RD); /* so that the end is seen again, after what came before it */
        hot_forget_errors();
        return (ssize_t)opened;
    }
    const char *reason = openssl.ERR_reason_error_string(openssl.ERR_get_error());
    snprintf(hot->buffer, BUFFER_BYTES, "TLS: %s", reason ? reason : "failed");
    hot_forget_errors();
    return -2;
}
