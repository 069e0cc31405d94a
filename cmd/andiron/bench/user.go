package bench

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"andiron.dev/cmd/andiron/bench/answer"
	"andiron.dev/cmd/andiron/bench/wire"
)

// restAfterFailure keeps a server that is gone from being called, and the error from being counted, a million times.
const restAfterFailure = 50 * time.Millisecond

// user is a virtual user: one connection and one request at a time.
type user struct {
	ctx    context.Context
	abort  context.CancelCauseFunc // ends the whole run
	conn   *wire.Conn
	window *window
	coin   *rand.Rand // decides what is checked in full; apart from what sessions draw from, so that --check changes no request
	share  float64    // of the answers that are checked in full
	due    time.Time  // when the next request was due; zero: when it is sent
	counts bool       // the last request counts
	path   []byte     // of the last request, below the base
	method string     // of the last request
	sent   int64      // requests of all kinds
	plain  []byte     // body of an answer that came compressed
	unzip  gzip.Reader
}

// send sends a request, counts it and gives the answer, or nil where there is nothing to check. Of the statuses given, one is
// expected; another success is a wrong answer, anything else an error.
func (u *user) send(t *tally, method string, path, body []byte, expected ...int) *wire.Response {
	u.method, u.path = method, path
	start := u.due
	u.due = time.Time{}
	if start.IsZero() {
		start = time.Now()
	}
	u.sent++
	resp, err := u.conn.Do(method, path, body)
	end := time.Now()
	u.counts = u.window.counts(start)
	if err != nil {
		u.failed(t, wire.Reason(err), err.Error(), end, 0)
		return nil
	}
	if resp.Status == 401 {
		u.abort(unauthorized(method + " " + string(path)))
		return nil
	}
	if slices.Contains(expected, resp.Status) {
		if u.counts {
			t.success(end.Sub(start), resp.Status, resp.Received)
			u.window.ended(end)
		}
		return resp
	}
	if resp.Status/100 == 2 {
		if u.counts {
			t.success(end.Sub(start), resp.Status, resp.Received)
			u.window.ended(end)
		}
		u.wrong(t, &answer.Wrong{Reason: fmt.Sprintf("the status is %d, not %d", resp.Status, expected[0])})
		return nil
	}
	u.failed(t, fmt.Sprintf("HTTP %d", resp.Status), u.issue(resp), end, resp.Received)
	return nil
}

func (u *user) failed(t *tally, reason, text string, end time.Time, received int) {
	if u.ctx.Err() != nil {
		return // the run was ended, not the server's doing
	}
	if u.counts {
		t.failure(reason, strings.TrimSpace(u.request()+": "+text), received)
		u.window.ended(end)
	}
	if received == 0 {
		pause(u.ctx, restAfterFailure)
	}
}

// probe sends a request that only checks another one: it is not counted.
func (u *user) probe(path []byte) (*wire.Response, error) {
	u.sent++
	return u.conn.Do("GET", path, nil)
}

// wrong counts the last request as answered wrongly.
func (u *user) wrong(t *tally, w *answer.Wrong) {
	if w != nil && u.counts {
		t.disproved(w, u.request())
	}
}

// sampled decides whether an answer is checked in full.
func (u *user) sampled() bool { return u.share > 0 && u.coin.Float64() < u.share }

func (u *user) request() string { return u.method + " " + string(u.path) }

// text gives the body as JSON, nil when it cannot be had.
func (u *user) text(resp *wire.Response) []byte {
	if resp.Encoding == nil {
		return resp.Body
	}
	if string(resp.Encoding) != "gzip" || u.unzip.Reset(bytes.NewReader(resp.Body)) != nil {
		return nil
	}
	out := bytes.NewBuffer(u.plain[:0])
	if _, err := io.Copy(out, &u.unzip); err != nil {
		return nil
	}
	u.plain = out.Bytes()
	return u.plain
}

// issue says in the server's words why it refused.
func (u *user) issue(resp *wire.Response) string {
	const most = 300
	r, wrong := answer.ReadResource(u.text(resp))
	if wrong != nil || string(r.Type) != "OperationOutcome" {
		return ""
	}
	text := string(r.Issue)
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// pause waits unless the run ends before.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func unauthorized(request string) error {
	return fmt.Errorf("the server answered 401 Unauthorized to %s: give an access token with --token (a token that was given is not, or no longer, valid)", request)
}
