package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"strconv"
)

// mode is one way to take time, with its state.
type mode struct {
	law     func() int64 // draws how long one request takes, in ns
	isQueue bool
	free    []int64 // per queue: when it is done with everything that has arrived

	begun        bool
	begin        int64 // when the first request arrived
	stallAt      int64 // after begin
	stall, every int64

	sway    float64 // spread of the logarithm of what all requests take, slowly changing
	lasting float64 // in ns: the time in which it forgets what it was
	level   float64
	swayed  int64 // when level was that
}

// parse makes a mode of a request target.
func parse(target string, random *rand.Rand) (*mode, error) {
	parts, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, err
	}
	query := parts.Query()
	number := func(name string, otherwise float64) float64 {
		text := query.Get(name)
		if text == "" {
			return otherwise
		}
		value, bad := strconv.ParseFloat(text, 64)
		if bad != nil || value < 0 {
			err = fmt.Errorf("%s=%s is no number", name, text)
		}
		return value
	}
	mean := number("ms", 0) * 1e6
	m := &mode{
		stallAt: int64(number("stall_at", 0) * 1e9),
		stall:   int64(number("stall", 0) * 1e9),
		every:   int64(number("every", 0) * 1e9),
		sway:    number("sway", 0),
		lasting: number("lasting", 20) * 1e9,
	}
	constant := func() int64 { return int64(mean) }
	switch parts.Path {
	case "/delay":
		m.law = constant
	case "/lognormal":
		sigma := number("sigma", 1)
		m.law = func() int64 { return int64(mean * math.Exp(sigma*random.NormFloat64())) }
	case "/bimodal":
		slow, share := number("slow", 50)*1e6, number("share", 0.02)
		m.law = func() int64 {
			if random.Float64() < share {
				return int64(slow)
			}
			return int64(mean)
		}
	case "/queue":
		m.isQueue = true
		m.free = make([]int64, max(1, int(number("queues", 1))))
		m.law = func() int64 { return int64(mean * random.ExpFloat64()) }
		if query.Get("law") == "constant" {
			m.law = constant
		}
	default:
		return nil, fmt.Errorf("there is no %s", parts.Path)
	}
	return m, err
}

// leave returns when the answer to a request that arrives now is to leave.
func (m *mode) leave(now int64, random *rand.Rand) int64 {
	if !m.begun {
		m.begun, m.begin = true, now
	}
	takes := m.swaying(now, m.law(), random)
	if !m.isQueue {
		return m.stalledUntil(now + takes)
	}
	queue := 0
	if len(m.free) > 1 {
		queue = random.IntN(len(m.free))
	}
	m.free[queue] = m.worked(max(now, m.free[queue]), takes)
	return m.free[queue]
}

// swaying returns how long a request takes that would take so long by itself.
func (m *mode) swaying(now, takes int64, random *rand.Rand) int64 {
	if m.sway == 0 {
		return takes
	}
	now = max(now, m.swayed) // arrivals are the kernel's: one that is read later may have come earlier
	keep := 0.0
	if m.swayed > 0 && m.lasting > 0 {
		keep = math.Exp(-float64(now-m.swayed) / m.lasting)
	}
	m.level = keep*m.level + m.sway*math.Sqrt(1-keep*keep)*random.NormFloat64()
	m.swayed = now
	return int64(float64(takes) * math.Exp(m.level))
}

// stallAround returns begin and end of the stall that is under way at a moment, or else of the next one.
func (m *mode) stallAround(at int64) (int64, int64) {
	if m.stall == 0 {
		return math.MaxInt64, math.MaxInt64
	}
	first := m.begin + m.stallAt
	if m.every > 0 && at >= first+m.stall {
		first += (at - first - m.stall + m.every) / m.every * m.every
	} else if m.every == 0 && at >= first+m.stall {
		return math.MaxInt64, math.MaxInt64
	}
	return first, first + m.stall
}

// stalledUntil returns the moment itself, or the end of the stall that it falls into.
func (m *mode) stalledUntil(at int64) int64 {
	if begin, end := m.stallAround(at); at >= begin {
		return end
	}
	return at
}

// worked returns when work that begins at a moment is done, stalls left out.
func (m *mode) worked(at, takes int64) int64 {
	for {
		begin, end := m.stallAround(at)
		if at+takes <= begin {
			return at + takes
		}
		takes -= max(0, begin-at)
		at = end
	}
}
