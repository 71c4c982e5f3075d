package main

import (
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"runtime/trace"
	"strconv"
	"time"
)

// What profiles and traces are tested on: work whose place and kind are known beforehand.
func init() {
	http.HandleFunc("/burn", burn)
	http.HandleFunc("/litter", litter)
	http.HandleFunc("/collect", collect)
	http.HandleFunc("/quiet", quiet)
}

// burned keeps the compiler from leaving the work out.
var burned uint64

// burnCycles computes for so long, all of it in this one function.
//
//go:noinline
func burnCycles(until time.Time) uint64 {
	sum := uint64(1)
	for time.Now().Before(until) {
		for round := 0; round < 200_000; round++ {
			sum = sum*6364136223846793005 + 1442695040888963407
		}
	}
	return sum
}

func burn(w http.ResponseWriter, r *http.Request) {
	burned += burnCycles(time.Now().Add(time.Duration(number(r, "ms", 10)) * time.Millisecond))
	io.WriteString(w, "done")
}

// makeLitter allocates for so long, and drops it all.
//
//go:noinline
func makeLitter(until time.Time) {
	for time.Now().Before(until) {
		for round := 0; round < 64; round++ {
			garbage = make([]byte, 4096)
		}
	}
}

func litter(w http.ResponseWriter, r *http.Request) {
	makeLitter(time.Now().Add(time.Duration(number(r, "ms", 10)) * time.Millisecond))
	io.WriteString(w, "done")
}

// collect runs the collector so many times, and says how often it ran in between; if asked to, under a trace.
func collect(w http.ResponseWriter, r *http.Request) {
	for number(r, "traced", 0) == 1 && !trace.IsEnabled() {
		time.Sleep(time.Millisecond)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for times := number(r, "n", 1); times > 0; times-- {
		runtime.GC()
	}
	runtime.ReadMemStats(&after)
	io.WriteString(w, strconv.Itoa(int(after.NumGC-before.NumGC)))
}

// quiet turns the collector's own schedule off: from then on it runs only when asked to.
func quiet(w http.ResponseWriter, _ *http.Request) {
	debug.SetGCPercent(-1)
	io.WriteString(w, "quiet")
}
