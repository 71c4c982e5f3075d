// The oracle: an HTTP server whose answer times are known, for tests and benchmarks of what measures them.
//
// It computes in virtual time when each answer is to leave, and sends it then: nothing is computed to pass the
// time, so that it measures the client and not the machine. One thread, one epoll set, one timerfd: net/http
// and Go's own timers would be late by up to a millisecond.
//
// The path says how long an answer takes; parameters are in milliseconds unless named otherwise.
//
//	/delay?ms=10                              always as long
//	/lognormal?ms=10&sigma=1                  ms is the median
//	/bimodal?ms=1&slow=50&share=0.02          a share of the answers takes `slow`
//	/queue?ms=1&law=exponential&queues=1      first come, first served; law exponential or constant; of several
//	                                          queues one is chosen by chance for each request
//
// Each of them takes stall_at, stall and every (in seconds): from `stall_at` after the first request on, it works
// on nothing for `stall`; with `every`, again and again. For /queue, what arrives meanwhile is worked off first
// come, first served; for the others, answers that would fall into the stall leave at its end. And each takes
// sway and lasting: what all requests take is multiplied by a factor that wanders, its logarithm with a spread of
// `sway` and forgotten in `lasting` seconds (20). Other parameters say nothing: n=2 is another queue than n=1.
//
//	/reset?seed=1     forget everything, begin the random numbers anew
//	/trace            what it did since, as JSON (trace.go)
//
// usage: oracle [-addr 127.0.0.1:0] [-until-eof]
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"runtime/debug"
)

func main() {
	address := flag.String("addr", "127.0.0.1:0", "address to listen on")
	untilEOF := flag.Bool("until-eof", false, "exit when standard input ends")
	flag.Parse()

	// A collection would be a pause of ours in the answers. What is kept is the trace: 24 bytes a request.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(4 << 30)

	tcp, err := net.ResolveTCPAddr("tcp4", *address)
	if err != nil {
		log.Fatal(err)
	}
	loop, port, err := newLoop(tcp)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on %s:%d\n", tcp.IP, port)
	if *untilEOF {
		// Whoever started us holds the other end, and it closes however they die.
		go func() {
			io.Copy(io.Discard, bufio.NewReader(os.Stdin))
			os.Exit(0)
		}()
	}
	log.Fatal(loop.run())
}
