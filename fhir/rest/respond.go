package rest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"andiron.dev/fhir"
	"github.com/klauspost/compress/gzip"
)

// respond writes a success.
func (k *call) respond(resp *fhir.Response) {
	status := statusOf(resp)
	k.replayed(resp.Replayed)
	if resp.Location != "" {
		k.w.Header()["Content-Location"] = []string{k.at(resp.Location)}
	}
	if resp.Progress != "" {
		k.w.Header()["X-Progress"] = []string{resp.Progress}
		k.w.Header()["Retry-After"] = []string{"1"}
	}
	if resp.Bundle != nil {
		k.writeBundle(resp.Bundle)
		return
	}
	body := resp.Body()
	if v := resp.Version; v != nil {
		h := k.w.Header()
		h["Etag"] = []string{fhir.ETag(v.VersionID)}
		h["Last-Modified"] = []string{v.LastUpdated.UTC().Format(http.TimeFormat)}
		// A client that has named the resource by a condition does not know where it is.
		if resp.Result == fhir.Created || v.Created || k.req.Interaction == fhir.Create || k.req.Condition != nil && !v.Deleted {
			h["Location"] = []string{k.base + "/" + v.Type + "/" + v.ID + "/_history/" + v.VersionID}
		}
		k.writeWritten(status, resp, body)
		return
	}
	switch {
	case resp.Result == fhir.NotModified:
		k.versionHeaders(body)
		k.send(status, nil)
	case resp.Result == fhir.NoContent:
		k.writeWritten(status, resp, nil)
	case k.raw:
		k.writeBinary(body)
	default:
		k.versionHeaders(body)
		k.write(status, body)
	}
}

// writeWritten writes the answer to a write as the client prefers it (http://hl7.org/fhir/R4/http.html#return): the
// resource unless it says otherwise.
func (k *call) writeWritten(status int, resp *fhir.Response, body *fhir.Resource) {
	switch k.req.Prefer.Return {
	case fhir.ReturnOutcome:
		notes := resp.Notes
		if notes == nil {
			notes = &fhir.Outcome{}
		}
		if status == http.StatusNoContent {
			status = http.StatusOK
		}
		k.write(status, notes.Resource())
		return
	case fhir.ReturnMinimal:
		body = nil
	}
	if body == nil {
		k.send(status, nil)
		return
	}
	k.write(status, body)
}

func (k *call) versionHeaders(r *fhir.Resource) {
	if r == nil || r.VersionID() == "" {
		return
	}
	h := k.w.Header()
	h["Etag"] = []string{fhir.ETag(r.VersionID())}
	h["Last-Modified"] = []string{r.LastUpdated().UTC().Format(http.TimeFormat)}
}

// fail writes an error.
func (k *call) fail(err error) {
	o := fhir.AsOutcome(err)
	k.err = o
	h := k.w.Header()
	if len(o.Allow) > 0 {
		h.Set("Allow", strings.Join(o.Allow, ", "))
	}
	if o.Replayed {
		h.Set("Idempotency-Replayed", "true")
	}
	if o.RetryAfter > 0 {
		h.Set("Retry-After", retryAfter(o))
	}
	status := Status(o)
	k.challenge(status, o)
	k.write(status, k.shown(o).Resource())
}

// shown is what a client may see of an outcome. Of an internal error that is no more than what finds it in the log.
func (k *call) shown(o *fhir.Outcome) *fhir.Outcome {
	if o.Code() != fhir.Exception {
		return o
	}
	return &fhir.Outcome{Issues: []fhir.Issue{{
		Severity: fhir.Fatal, Code: fhir.Exception, Text: "an internal error occurred; the request was not carried out", Diagnostics: "request " + k.id,
	}}}
}

// write sends a resource.
func (k *call) write(status int, r *fhir.Resource) {
	k.contentType()
	buffer := k.edge.buffer()
	*buffer = r.AppendJSON((*buffer)[:0])
	k.send(status, k.pretty(*buffer))
	k.edge.release(buffer)
}

// pretty indents the text where the client asks for it. Numbers keep their digits.
func (k *call) pretty(text []byte) []byte {
	if k.req == nil || len(k.req.Params) == 0 || k.req.Params.Get("_pretty") != "true" {
		return text
	}
	var b bytes.Buffer
	if json.Indent(&b, text, "", "  ") != nil {
		return text
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// gzipFrom is the size from which compressing pays: below it the answer fits into one packet.
const gzipFrom = 1400

// send writes status and body, compressed where the client can take it.
func (k *call) send(status int, body []byte) {
	h := k.w.Header()
	k.code = status
	if len(body) >= gzipFrom && k.http.Method != http.MethodHead && acceptsGzip(k.http.Header.Get("Accept-Encoding")) {
		h["Content-Encoding"] = []string{"gzip"}
		k.w.WriteHeader(status)
		k.compress(body)
		return
	}
	if status != http.StatusNoContent && status != http.StatusNotModified {
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	k.w.WriteHeader(status)
	if k.http.Method == http.MethodHead || len(body) == 0 {
		return
	}
	k.size, _ = k.w.Write(body) // a client that has gone away is nobody's error
}

// acceptsGzip reads Accept-Encoding (RFC 7231, section 5.3.4).
func acceptsGzip(header string) bool {
	for item := range strings.SplitSeq(header, ",") {
		name, param, _ := strings.Cut(item, ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		quality, ok := strings.CutPrefix(strings.TrimSpace(param), "q=")
		q, err := strconv.ParseFloat(quality, 64)
		return !ok || err == nil && q > 0
	}
	return false
}

func (k *call) compress(body []byte) {
	z, ok := k.edge.gzips.Get().(*gzip.Writer)
	if !ok {
		z, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed)
	}
	out := &counter{w: k.w}
	z.Reset(out)
	_, _ = z.Write(body)
	_ = z.Close()
	k.edge.gzips.Put(z)
	k.size = out.n
}

type counter struct {
	w http.ResponseWriter
	n int
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += n
	return n, err
}

// maxPooled is the largest buffer that is kept for the next answer.
const maxPooled = 1 << 20

func (e *Edge) buffer() *[]byte {
	if b, ok := e.buffers.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, 0, 8<<10)
	return &b
}

func (e *Edge) release(b *[]byte) {
	if cap(*b) <= maxPooled {
		e.buffers.Put(b)
	}
}
