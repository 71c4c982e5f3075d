// The server that loadtop is tested on: net/http as it comes, with pprof and expvar.
package main

import (
	"bufio"
	"encoding/json"
	_ "expvar"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"strconv"
	"strings"
	"time"
)

// garbage keeps the compiler from allocating on the stack.
var garbage []byte

// number reads a parameter of the query.
func number(r *http.Request, name string, otherwise int) int {
	value, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil || value < 0 {
		return otherwise
	}
	return value
}

func ping(w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, "pong")
}

// page returns about 1 KB of JSON.
func page() []byte {
	type item struct {
		ID    int     `json:"id"`
		Name  string  `json:"name"`
		Price float64 `json:"price"`
	}
	items := make([]item, 22)
	for index := range items {
		items[index] = item{index, fmt.Sprintf("item %d", index), 1.5 * float64(index)}
	}
	text, _ := json.Marshal(map[string]any{"service": "goserver", "items": items})
	return text
}

func alloc(w http.ResponseWriter, r *http.Request) {
	for kb := number(r, "kb", 1); kb > 0; kb-- {
		garbage = make([]byte, 1024)
	}
	io.WriteString(w, "done")
}

func status(w http.ResponseWriter, r *http.Request) {
	code := number(r, "code", 200)
	if code < 200 || code > 599 {
		code = 400
	}
	w.WriteHeader(code)
}

func chunked(w http.ResponseWriter, _ *http.Request) {
	for index := 0; index < 3; index++ {
		fmt.Fprintf(w, "chunk %d\n", index)
		w.(http.Flusher).Flush()
	}
}

func slow(w http.ResponseWriter, r *http.Request) {
	time.Sleep(time.Duration(number(r, "ms", 100)) * time.Millisecond)
	io.WriteString(w, "pong")
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{
		"method":  r.Method,
		"target":  r.RequestURI,
		"proto":   r.Proto,
		"host":    r.Host,
		"headers": r.Header,
		"body":    string(body),
	})
}

func main() {
	address := flag.String("addr", "127.0.0.1:0", "address to listen on")
	untilEOF := flag.Bool("until-eof", false, "exit when standard input ends")
	flag.Parse()

	text := page()
	mux := http.DefaultServeMux // pprof and expvar are there
	mux.HandleFunc("/ping", ping)
	mux.HandleFunc("/json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(text)
	})
	mux.HandleFunc("/alloc", alloc)
	mux.HandleFunc("/status", status)
	mux.HandleFunc("/chunked", chunked)
	mux.HandleFunc("/slow", slow)
	mux.HandleFunc("/cached", (&cache{known: map[int]bool{}}).serve)
	mux.HandleFunc("/echo", echo)
	counts := &counter{}
	mux.HandleFunc("/count", counts.show)
	mux.HandleFunc("/metrics", counts.metrics)

	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	if *untilEOF {
		// Whoever started us holds the other end, and it closes however they die.
		go func() {
			io.Copy(io.Discard, bufio.NewReader(os.Stdin))
			os.Exit(0)
		}()
	}
	server := &http.Server{
		Handler: counts.around(mux, func(r *http.Request) bool {
			return r.URL.Path != "/count" && r.URL.Path != "/metrics" && !strings.HasPrefix(r.URL.Path, "/debug/")
		}),
		ConnState: counts.connState,
	}
	log.Fatal(server.Serve(listener))
}
