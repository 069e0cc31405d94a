package bench

import (
	"fmt"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Report is what a run found. Its JSON keeps its order of members, and kinds and faults theirs.
type Report struct {
	Server      string    `json:"server"`
	Software    string    `json:"software"` // name and version that the server states
	FHIRVersion string    `json:"fhirVersion"`
	Workload    string    `json:"workload"`
	Model       string    `json:"model"` // "closed" or "open"
	VUs         int       `json:"vus"`
	Rate        float64   `json:"rate,omitempty"` // iterations per second that arrived, open model
	Seed        uint64    `json:"seed"`
	Check       float64   `json:"check"`
	Started     time.Time `json:"started"`
	Warmup      float64   `json:"warmupSeconds"`
	Elapsed     float64   `json:"elapsedSeconds"` // that throughput is reckoned by

	Iterations Iterations `json:"iterations"`
	Total      Figures    `json:"total"`
	Kinds      []Figures  `json:"kinds"`
	Load       *Load      `json:"load,omitempty"`
	Generator  Generator  `json:"generator"`
	Notes      []string   `json:"notes"`
}

// Iterations are the runs through the workload, each of one request or more.
type Iterations struct {
	Count     int64   `json:"count"`
	PerSecond float64 `json:"perSecond"`
	Late      int64   `json:"late"`    // open model: no virtual user was free when it was due
	Dropped   int64   `json:"dropped"` // open model: never sent
	Latency   Latency `json:"latency"` // from first request, or from when it was due, to last answer
}

// Figures are those of one kind of requests, or of all.
type Figures struct {
	Kind               string  `json:"kind"`
	Requests           int64   `json:"requests"`
	Succeeded          int64   `json:"succeeded"` // answered with 2xx
	Errors             int64   `json:"errors"`    // not answered, or refused
	Wrong              int64   `json:"wrong"`     // answered falsely; they are among the succeeded
	Checked            int64   `json:"checked"`   // answers checked in full
	RequestsPerSecond  float64 `json:"requestsPerSecond"`
	SucceededPerSecond float64 `json:"succeededPerSecond"`
	BytesReceived      int64   `json:"bytesReceived"`
	// EntriesPerBundle is the mean of the Bundles checked in full: a search that finds nothing is fast.
	EntriesPerBundle *float64 `json:"entriesPerBundle,omitempty"`
	Latency          Latency  `json:"latency"` // of successful requests
	ErrorKinds       []Fault  `json:"errorKinds"`
	WrongKinds       []Fault  `json:"wrongKinds"`
}

// Latency is a distribution in milliseconds.
type Latency struct {
	Mean float64 `json:"meanMs"`
	P50  float64 `json:"p50Ms"`
	P90  float64 `json:"p90Ms"`
	P95  float64 `json:"p95Ms"`
	P99  float64 `json:"p99Ms"`
	P999 float64 `json:"p999Ms"`
	Max  float64 `json:"maxMs"`
}

// Fault is a kind of error or of wrong answer, with its first case.
type Fault struct {
	Reason  string `json:"reason"`
	Count   int64  `json:"count"`
	Example string `json:"example,omitempty"`
}

// Load is what the load workload stored.
type Load struct {
	Bundles            int64   `json:"bundles"`
	Resources          int64   `json:"resources"` // entries answered with 201
	ResourcesPerSecond float64 `json:"resourcesPerSecond"`
}

// Generator is what the generator itself took and how exact it was.
type Generator struct {
	// CPUSeconds is processor time of this process, user and kernel, from the beginning of the warm-up; 0 where unknown.
	CPUSeconds          float64 `json:"cpuSeconds"`
	CPUMicrosPerRequest float64 `json:"cpuMicrosPerRequest"`
	// Pacing is how late the generator woke up for arrivals that a virtual user waited for; the latencies contain it.
	Pacing *Latency `json:"pacing,omitempty"`
}

func (r *Report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// perRequest divides the processor time by all requests, those of the warm-up and of checks included.
func (g *Generator) perRequest(users []*user) {
	var sent int64
	for _, u := range users {
		sent += u.sent
	}
	if sent > 0 {
		g.CPUMicrosPerRequest = round(g.CPUSeconds * 1e6 / float64(sent))
	}
	g.CPUSeconds = round(g.CPUSeconds)
}

func latencyOf(h *hdrhistogram.Histogram) Latency {
	at := func(quantile float64) float64 { return round(float64(h.ValueAtQuantile(quantile)) / 1e6) }
	return Latency{Mean: round(h.Mean() / 1e6), P50: at(50), P90: at(90), P95: at(95), P99: at(99), P999: at(99.9),
		Max: round(float64(h.Max()) / 1e6)}
}

// round keeps three decimals, more than a run can tell.
func round(f float64) float64 { return math.Round(f*1000) / 1000 }

func perSecond(n int64, elapsed time.Duration) float64 {
	if elapsed <= 0 {
		return 0
	}
	return round(float64(n) / elapsed.Seconds())
}
