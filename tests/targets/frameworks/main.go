// The frameworks that services are written in, each with one handler, pprof and expvar as its users mount them.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"
)

// servers are the frameworks by name; each serves on a listener, or on its address, until the process ends.
var servers = map[string]func(net.Listener) error{
	"echo":     serveEcho,
	"fasthttp": serveFasthttp,
	"gin":      serveGin,
	"hertz":    serveHertz,
}

// garbage keeps the compiler from allocating on the stack.
var garbage []byte

// allocate makes as many KB of garbage as a query asks for.
func allocate(kb string) string {
	count, _ := strconv.Atoi(kb)
	for ; count > 0; count-- {
		garbage = make([]byte, 1024)
	}
	return "done"
}

func main() {
	name := flag.String("framework", "gin", "which")
	address := flag.String("addr", "127.0.0.1:0", "where to listen")
	untilEOF := flag.Bool("until-eof", false, "end when standard input does")
	flag.Parse()
	serve, known := servers[*name]
	if !known {
		log.Fatalf("no framework '%s'", *name)
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	if *untilEOF {
		go func() {
			io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
	}
	fmt.Println("listening on", listener.Addr())
	log.Fatal(serve(listener))
}
