package main

import (
	"encoding/json"
	"math"
	"slices"
)

// trace is what the oracle did.
type trace struct {
	arrived []int64 // when each request was read, ns
	planned []int64 // how long the answers that left were to take, ns
	took    []int64 // how long they took, until they were handed to the kernel, ns
	lost    int     // requests whose connection was closed before the answer
}

// quantiles of times, in seconds.
type quantiles struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99.9"`
	Max  float64 `json:"max"`
}

func quantilesOf(times []int64) quantiles {
	if len(times) == 0 {
		return quantiles{}
	}
	sorted := slices.Sorted(slices.Values(times))
	at := func(q float64) float64 {
		rank := int(math.Ceil(q * float64(len(sorted)))) // the nearest rank
		return float64(sorted[max(rank, 1)-1]) / 1e9
	}
	sum := 0.0
	for _, value := range sorted {
		sum += float64(value)
	}
	return quantiles{sum / float64(len(sorted)) / 1e9, at(0.5), at(0.9), at(0.99), at(0.999), at(1)}
}

// dispersion returns variance over mean of the number of arrivals per millisecond, and the largest number: 1 for
// Poisson arrivals, 0 for even ones, more for bursts.
func dispersion(arrived []int64) (float64, int) {
	if len(arrived) < 2 {
		return 0, len(arrived)
	}
	first, last := slices.Min(arrived), slices.Max(arrived) // they are in the order in which they were read
	counts := make([]int, (last-first)/1e6+1)
	for _, at := range arrived {
		counts[(at-first)/1e6]++
	}
	mean := float64(len(arrived)) / float64(len(counts))
	squares := 0.0
	for _, count := range counts {
		squares += (float64(count) - mean) * (float64(count) - mean)
	}
	return squares / float64(len(counts)) / mean, slices.Max(counts)
}

func (t *trace) json() []byte {
	spread, most := dispersion(t.arrived)
	text, _ := json.Marshal(map[string]any{
		"arrived":     len(t.arrived),
		"answered":    len(t.took),
		"lost":        t.lost,
		"planned_s":   quantilesOf(t.planned),
		"took_s":      quantilesOf(t.took),
		"dispersion":  spread,
		"most_per_ms": most,
	})
	return text
}
