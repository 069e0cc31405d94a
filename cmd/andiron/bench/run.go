package bench

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"andiron.dev/cmd/andiron/bench/wire"
)

// run is one run under way.
type run struct {
	cfg      Config
	server   wire.Server
	workload workload
	window   *window
	done     *iterations
	report   *Report
}

// Run drives the server as asked and writes the report to out. The report comes back also with an error that concerns the
// answers: *WrongAnswers when some were false, *Failed when none, or not every Bundle of a load, succeeded, and the context's when
// it ended before the run did. Without a report the run did not take place, and the error is a sentence that says what to do.
func Run(ctx context.Context, cfg Config, out io.Writer) (*Report, error) {
	r := &run{cfg: cfg, done: &iterations{latency: newHistogram()}}
	var err error
	if r.server, err = cfg.check(); err != nil {
		return nil, err
	}
	if r.workload, err = newWorkload(&cfg); err != nil {
		return nil, err
	}
	h := r.harvester(ctx)
	defer h.conn.Close()
	r.report = &Report{Server: cfg.Server, Workload: cfg.Workload, Model: "closed", VUs: cfg.VUs, Rate: cfg.Rate, Seed: cfg.Seed,
		Check: cfg.Check, Kinds: []Figures{}, Notes: []string{}}
	if r.report.Software, r.report.FHIRVersion, err = h.software(); err != nil {
		return nil, err
	}
	if err := r.workload.prepare(ctx, h); err != nil {
		return nil, err
	}
	if err := r.drive(ctx); err != nil && ctx.Err() == nil {
		return nil, err
	}
	if v, ok := r.workload.(*load); ok && ctx.Err() == nil {
		r.unverified(v.verify(h))
	}
	r.sum(ctx.Err() != nil)
	if err := r.report.write(out, &cfg); err != nil {
		return r.report, err
	}
	if err := ctx.Err(); err != nil {
		return r.report, fmt.Errorf("the run was broken off, the figures are of the part before: %w", err)
	}
	return r.report, r.report.verdict()
}

func (r *run) harvester(ctx context.Context) *harvester {
	// Some servers answer a count from a cache of searches otherwise, a minute old.
	fields := append(r.cfg.fields(), "Cache-Control: no-cache")
	return &harvester{conn: wire.New(ctx, r.server, r.cfg.Timeout, fields...), base: r.server.Base, url: r.cfg.Server}
}

// drive runs the virtual users to the end of the run. Its error ended the run before.
func (r *run) drive(ctx context.Context) error {
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	warmup, duration, limit := r.cfg.Warmup, r.cfg.Duration, r.cfg.Iterations
	if limit > 0 {
		duration = 0
	}
	if r.cfg.Workload == "load" {
		warmup, duration, limit = 0, 0, 0
	}
	users := make([]*user, r.cfg.VUs)
	sessions := make([]session, r.cfg.VUs)
	for i := range users {
		users[i], sessions[i] = r.user(ctx, abort, i)
		defer users[i].conn.Close()
	}
	cpu := cpuTime()
	start := time.Now()
	r.window = newWindow(start, warmup, duration)
	for _, u := range users {
		u.window = r.window
	}
	r.report.Started = r.window.from.UTC().Truncate(time.Millisecond)
	r.report.Warmup = warmup.Seconds()
	if r.cfg.Rate > 0 {
		if err := r.open(start, limit, users, sessions); err != nil {
			return err
		}
	} else {
		m := &closed{window: r.window, limit: limit, done: r.done}
		m.run(users, sessions)
	}
	r.report.Generator.CPUSeconds = (cpuTime() - cpu).Seconds()
	r.report.Generator.perRequest(users)
	return context.Cause(ctx)
}

func (r *run) open(start time.Time, limit int64, users []*user, sessions []session) error {
	m := &open{window: r.window, start: start, rate: r.cfg.Rate, limit: limit, patience: r.cfg.Timeout, done: r.done,
		pacing: pacing{lag: newHistogram()}}
	if err := m.run(users, sessions); err != nil {
		return err
	}
	r.report.Model = "open"
	r.report.Iterations.Late, r.report.Iterations.Dropped = m.late.Load(), m.dropped.Load()
	lag := latencyOf(m.pacing.lag)
	r.report.Generator.Pacing = &lag
	if n := m.dropped.Load(); n > 0 {
		r.report.note("%d iterations were due and never sent: the server, or %d virtual users, cannot keep up with --rate %g", n, len(users), r.cfg.Rate)
	}
	return nil
}

// user gives virtual user i, whose choices depend on the seed and on i alone.
func (r *run) user(ctx context.Context, abort context.CancelCauseFunc, i int) (*user, session) {
	stream := uint64(i) << 1
	u := &user{ctx: ctx, abort: abort, conn: wire.New(ctx, r.server, r.cfg.Timeout, r.cfg.fields()...),
		coin: rand.New(rand.NewPCG(r.cfg.Seed, stream|1)), share: r.cfg.Check}
	draw := rand.New(rand.NewPCG(r.cfg.Seed, stream))
	return u, r.workload.session(draw, fmt.Sprintf("%d-%d", r.cfg.Seed, i))
}

func (r *run) unverified(types []string) {
	if len(types) > 0 {
		r.report.note("the server does not count (_summary=count) %s: not verified that it stored what it said", strings.Join(types, ", "))
	}
}

// sum puts the counts into the report.
func (r *run) sum(broken bool) {
	elapsed := r.window.elapsed(broken)
	rep := r.report
	rep.Elapsed = round(elapsed.Seconds())
	rep.Iterations.Count = r.done.latency.TotalCount()
	rep.Iterations.PerSecond = perSecond(rep.Iterations.Count, elapsed)
	rep.Iterations.Latency = latencyOf(r.done.latency)
	all := newTally("total")
	for _, t := range r.workload.tallies() {
		rep.Kinds = append(rep.Kinds, t.figures(elapsed))
		all.merge(t)
	}
	rep.Total = all.figures(elapsed)
	if l, ok := r.workload.(*load); ok {
		rep.Load = &Load{Bundles: rep.Total.Requests, Resources: l.entries, ResourcesPerSecond: perSecond(l.entries, elapsed)}
	}
}
