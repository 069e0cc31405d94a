package smart_test

import (
	"strings"
	"testing"
	"time"
)

// TestOnce: the answer to a request with a key is for whoever sent it, and a caller's key is nobody else's.
func TestOnce(t *testing.T) {
	h := open(t)
	const body = `{"resourceType":"Basic","code":{"text":"x"}}`
	one, other := backend(t, "system/*.cruds"), backend(t, "system/*.cruds")
	other.Subject, other.ClientID = "client:other", "other"
	first := h.do(one, "POST", "/Basic", body, "Idempotency-Key: k").is(201)
	again := h.do(one, "POST", "/Basic", body, "Idempotency-Key: k").is(201)
	if again.body != first.body || again.header["Idempotency-Replayed"] == nil {
		t.Errorf("%s\n%s", first.body, again.body)
	}
	if theirs := h.do(other, "POST", "/Basic", body, "Idempotency-Key: k").is(201); theirs.header["Idempotency-Replayed"] != nil || theirs.body == first.body {
		t.Errorf("somebody else has got %s", theirs.body)
	}
	h.do(backend(t, "system/Patient.cruds"), "POST", "/Basic", body, "Idempotency-Key: k").is(403)
	h.do(nil, "POST", "/Basic", body, "Idempotency-Key: k").is(401)
}

// TestLater: a search that is answered later finds what its caller may see, and the result is theirs.
func TestLater(t *testing.T) {
	h := open(t)
	h.put(records()...)
	who := patient(t, "a", "patient/*.rs")
	now := h.get(who, "/Observation?_count=100")
	where := h.do(who, "GET", "/Observation?_count=100", "", "Prefer: respond-async").is(202).header["Content-Location"][0]
	path := strings.TrimPrefix(where, base)
	var later *answer
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if later = h.get(who, path); later.status != 202 {
			break
		}
	}
	later.is(200)
	for _, id := range now.ids() {
		if !strings.Contains(later.body, `"id":"`+id+`"`) {
			t.Errorf("%s is missing in %s", id, later.body)
		}
	}
	if n := strings.Count(later.body, `"resourceType":"Observation"`); n != len(now.ids()) || n == 0 {
		t.Errorf("%d Observations later, now %d", n, len(now.ids()))
	}
	other := patient(t, "b", "patient/*.rs")
	h.get(other, path).is(404)
	h.do(other, "DELETE", path, "").is(404)
	h.get(nil, path).is(401)
	h.do(who, "DELETE", path, "").is(202)
	h.get(who, path).is(404)
}
