package main

import (
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// cache is cold when the server starts: what is asked for the first time takes long, and ever less is.
type cache struct {
	mutex sync.RWMutex
	known map[int]bool
}

// serve answers one of so many keys, chosen at random.
func (c *cache) serve(w http.ResponseWriter, r *http.Request) {
	key := rand.IntN(max(number(r, "keys", 10000), 1))
	c.mutex.RLock()
	hit := c.known[key]
	c.mutex.RUnlock()
	if !hit {
		time.Sleep(time.Duration(number(r, "ms", 5)) * time.Millisecond)
		c.mutex.Lock()
		c.known[key] = true
		c.mutex.Unlock()
	}
	io.WriteString(w, "pong")
}
