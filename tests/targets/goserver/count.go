package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
)

// counter is the server's own account of what it was asked, to hold the client's account against.
type counter struct {
	mutex       sync.Mutex
	served      int
	inFlight    int
	maxInFlight int
	open        int
	maxOpen     int
	opened      int
}

// around counts the requests that matter; the asking itself, and probes, do not.
func (c *counter) around(next http.Handler, matters func(*http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !matters(r) {
			next.ServeHTTP(w, r)
			return
		}
		c.mutex.Lock()
		c.inFlight++
		c.maxInFlight = max(c.maxInFlight, c.inFlight)
		c.mutex.Unlock()
		defer func() {
			c.mutex.Lock()
			c.inFlight--
			c.served++
			c.mutex.Unlock()
		}()
		next.ServeHTTP(w, r)
	})
}

// connState counts connections, that of the one who asks for the counts included.
func (c *counter) connState(_ net.Conn, state http.ConnState) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	switch state {
	case http.StateNew:
		c.open++
		c.opened++
		c.maxOpen = max(c.maxOpen, c.open)
	case http.StateClosed, http.StateHijacked:
		c.open--
	}
}

func (c *counter) show(w http.ResponseWriter, _ *http.Request) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]int{
		"served":        c.served,
		"in_flight":     c.inFlight,
		"max_in_flight": c.maxInFlight,
		"open":          c.open,
		"max_open":      c.maxOpen,
		"opened":        c.opened,
	})
}

// metrics shows some of the counts in Prometheus's text.
func (c *counter) metrics(w http.ResponseWriter, _ *http.Request) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	fmt.Fprintf(w, "# TYPE served_total counter\nserved_total %d\n", c.served)
	fmt.Fprintf(w, "# TYPE open_connections gauge\nopen_connections{kind=\"http\"} %d\n", c.open)
}
