package main

import (
	"bytes"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

const (
	mostEvents  = 512
	mostRequest = 64 << 10

	soTimestamping   = 37 // linux/net_tstamp.h, as are the flags
	stampsOfReceived = 1<<3 | 1<<4
	clockMono        = 1
	nonBlocking      = 0x800
)

// conn is one connection; it has at most one request under way, others wait in its buffer.
type conn struct {
	fd      int
	number  uint64 // tells it from an earlier connection with the same fd
	data    []byte // received and not yet served
	unsent  []byte
	stamp   int64 // when the last of it arrived
	busy    bool
	closing bool // after the answer
	arrived int64
	planned int64
}

// departure is an answer that waits for its time.
type departure struct {
	at     int64
	fd     int
	number uint64
}

type departures []departure

func (d departures) Len() int           { return len(d) }
func (d departures) Less(i, j int) bool { return d[i].at < d[j].at }
func (d departures) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *departures) Push(value any)    { *d = append(*d, value.(departure)) }
func (d *departures) Pop() any {
	last := (*d)[len(*d)-1]
	*d = (*d)[:len(*d)-1]
	return last
}

type loop struct {
	epoll, listener, timer int
	conns                  map[int]*conn
	opened                 uint64
	waiting                departures
	armed                  int64
	base                   time.Time
	random                 *rand.Rand
	modes                  map[string]*mode
	trace                  trace
}

func newLoop(address *net.TCPAddr) (*loop, int, error) {
	l := &loop{conns: map[int]*conn{}, base: time.Now()}
	l.reset(1)
	var err error
	if l.listener, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0); err != nil {
		return nil, 0, err
	}
	syscall.SetsockoptInt(l.listener, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	name := &syscall.SockaddrInet4{Port: address.Port}
	copy(name.Addr[:], address.IP.To4())
	if err = syscall.Bind(l.listener, name); err != nil {
		return nil, 0, err
	}
	if err = syscall.Listen(l.listener, 16384); err != nil {
		return nil, 0, err
	}
	bound, err := syscall.Getsockname(l.listener)
	if err != nil {
		return nil, 0, err
	}
	if l.epoll, err = syscall.EpollCreate1(0); err != nil {
		return nil, 0, err
	}
	timer, _, failed := syscall.Syscall(syscall.SYS_TIMERFD_CREATE, clockMono, nonBlocking, 0)
	if failed != 0 {
		return nil, 0, failed
	}
	l.timer = int(timer)
	for _, fd := range []int{l.listener, l.timer} {
		if err = l.watch(syscall.EPOLL_CTL_ADD, fd, syscall.EPOLLIN); err != nil {
			return nil, 0, err
		}
	}
	return l, bound.(*syscall.SockaddrInet4).Port, nil
}

func (l *loop) reset(seed uint64) {
	l.random = rand.New(rand.NewPCG(seed, 0))
	l.modes = map[string]*mode{}
	l.trace = trace{
		arrived: make([]int64, 0, 1<<20), planned: make([]int64, 0, 1<<20), took: make([]int64, 0, 1<<20),
	}
	runtime.GC() // nobody waits for an answer now
}

func (l *loop) watch(operation, fd int, events uint32) error {
	return syscall.EpollCtl(l.epoll, operation, fd, &syscall.EpollEvent{Events: events, Fd: int32(fd)})
}

func (l *loop) now() int64 { return int64(time.Since(l.base)) }

func (l *loop) run() error {
	runtime.LockOSThread()
	var events [mostEvents]syscall.EpollEvent
	for {
		count, err := syscall.EpollWait(l.epoll, events[:], -1)
		if err != nil && err != syscall.EINTR {
			return err
		}
		for _, event := range events[:max(count, 0)] {
			switch fd := int(event.Fd); fd {
			case l.listener:
				l.accept()
			case l.timer:
				var expired [8]byte
				syscall.Read(l.timer, expired[:])
				l.armed = 0
			default:
				if c := l.conns[fd]; c != nil {
					l.ready(c, event.Events)
				}
			}
			l.depart()
		}
		l.arm()
	}
}

func (l *loop) accept() {
	for {
		fd, _, err := syscall.Accept4(l.listener, syscall.SOCK_NONBLOCK)
		if err != nil {
			return
		}
		syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
		syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, soTimestamping, stampsOfReceived)
		l.opened++
		l.conns[fd] = &conn{fd: fd, number: l.opened}
		l.watch(syscall.EPOLL_CTL_ADD, fd, syscall.EPOLLIN)
	}
}

func (l *loop) drop(c *conn) {
	if c.busy {
		l.trace.lost++
	}
	delete(l.conns, c.fd)
	syscall.Close(c.fd)
}

func (l *loop) ready(c *conn, events uint32) {
	if events&syscall.EPOLLOUT != 0 && !l.flush(c) {
		return
	}
	if events&^syscall.EPOLLOUT == 0 {
		return
	}
	var data [16384]byte
	var control [128]byte
	got, controls, _, _, err := syscall.Recvmsg(c.fd, data[:], control[:], 0)
	if err == syscall.EAGAIN || err == syscall.EINTR {
		return
	}
	if err != nil || got == 0 || len(c.data)+got > mostRequest {
		l.drop(c)
		return
	}
	c.data = append(c.data, data[:got]...)
	c.stamp = l.stamped(control[:controls])
	l.serve(c)
}

// stamped returns when what was received arrived at this host, as its kernel noted: until this thread had its turn
// the client was waiting for us already. Without a stamp it is now.
func (l *loop) stamped(control []byte) int64 {
	now := time.Now()
	at := int64(now.Sub(l.base))
	messages, err := syscall.ParseSocketControlMessage(control)
	if err != nil {
		return at
	}
	for _, message := range messages {
		if message.Header.Level == syscall.SOL_SOCKET && message.Header.Type == soTimestamping && len(message.Data) >= 16 {
			stamp := *(*syscall.Timespec)(unsafe.Pointer(&message.Data[0]))
			if stamp.Sec != 0 {
				return min(at, at-(now.UnixNano()-stamp.Nano()))
			}
		}
	}
	return at
}

// serve begins with the next request of a connection, if it is whole.
func (l *loop) serve(c *conn) {
	if c.busy || c.closing {
		return
	}
	end := bytes.Index(c.data, []byte("\r\n\r\n"))
	if end < 0 {
		return
	}
	now := c.stamp
	head := c.data[:end]
	line, _, _ := bytes.Cut(head, []byte("\r\n"))
	words := bytes.Split(line, []byte(" "))
	if len(words) != 3 {
		l.drop(c)
		return
	}
	target := string(words[1])
	lower := bytes.ToLower(head)
	c.closing = bytes.Contains(lower, []byte("\nconnection: close")) ||
		bytes.Equal(words[2], []byte("HTTP/1.0")) && !bytes.Contains(lower, []byte("\nconnection: keep-alive"))
	c.data = c.data[:copy(c.data, c.data[end+4:])]

	m := l.modes[target]
	if m == nil {
		var err error
		if body, known := l.control(target); known {
			l.answer(c, "200 OK", body)
			return
		}
		if m, err = parse(target, l.random); err != nil {
			l.answer(c, "404 Not Found", []byte(err.Error()))
			return
		}
		l.modes[target] = m
	}
	leaves := m.leave(now, l.random)
	l.trace.arrived = append(l.trace.arrived, now)
	c.busy, c.arrived, c.planned = true, now, leaves-now
	heap.Push(&l.waiting, departure{leaves, c.fd, c.number})
}

// control answers what is asked of the oracle itself.
func (l *loop) control(target string) ([]byte, bool) {
	parts, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, false
	}
	switch parts.Path {
	case "/reset":
		seed, _ := strconv.ParseUint(parts.Query().Get("seed"), 10, 64)
		l.reset(seed)
		return []byte("done"), true
	case "/trace":
		return l.trace.json(), true
	}
	return nil, false
}

// depart sends every answer whose time has come.
func (l *loop) depart() {
	for len(l.waiting) > 0 && l.waiting[0].at <= l.now() {
		due := heap.Pop(&l.waiting).(departure)
		c := l.conns[due.fd]
		if c == nil || c.number != due.number {
			continue // the client has given up
		}
		c.busy = false
		l.trace.planned = append(l.trace.planned, c.planned)
		l.trace.took = append(l.trace.took, l.now()-c.arrived)
		l.answer(c, "200 OK", []byte("pong"))
	}
}

func (l *loop) answer(c *conn, status string, body []byte) {
	keep := "keep-alive" // said in so many words: a client of HTTP/1.0 needs to hear it
	if c.closing {
		keep = "close"
	}
	c.unsent = fmt.Appendf(c.unsent, "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"+
		"Connection: %s\r\n\r\n%s", status, len(body), keep, body)
	if l.flush(c) {
		l.serve(c)
	}
}

// flush sends what the kernel takes; it says whether the connection is still there with nothing left to send.
func (l *loop) flush(c *conn) bool {
	sent, err := syscall.Write(c.fd, c.unsent)
	if err != nil && err != syscall.EAGAIN {
		l.drop(c)
		return false
	}
	c.unsent = c.unsent[:copy(c.unsent, c.unsent[max(sent, 0):])]
	if len(c.unsent) > 0 {
		l.watch(syscall.EPOLL_CTL_MOD, c.fd, syscall.EPOLLIN|syscall.EPOLLOUT)
		return false
	}
	l.watch(syscall.EPOLL_CTL_MOD, c.fd, syscall.EPOLLIN)
	if c.closing {
		l.drop(c)
		return false
	}
	return true
}

// arm sets the timer to the next departure.
func (l *loop) arm() {
	if len(l.waiting) == 0 || l.waiting[0].at == l.armed {
		return
	}
	l.armed = l.waiting[0].at
	left := max(l.armed-l.now(), 1)
	value := [4]int64{0, 0, left / 1e9, left % 1e9} // interval, then value: seconds and nanoseconds
	syscall.Syscall6(syscall.SYS_TIMERFD_SETTIME, uintptr(l.timer), 0, uintptr(unsafe.Pointer(&value)), 0, 0, 0)
}
