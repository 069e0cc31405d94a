package server_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// race sends n requests at the same time and counts the statuses.
func race(n int, send func(i int) *httptest.ResponseRecorder) map[int]int {
	codes := make([]int, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			codes[i] = send(i).Code
		})
	}
	close(start)
	wg.Wait()
	count := make(map[int]int)
	for _, code := range codes {
		count[code]++
	}
	return count
}

func TestConditionalCreatesRace(t *testing.T) {
	h := open(t)
	got := race(60, func(int) *httptest.ResponseRecorder {
		return h.do("POST", "/Patient", `{"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"1"}]}`, "If-None-Exist: identifier=urn:mrn|1")
	})
	if got[201] != 1 || got[200] != 59 {
		t.Errorf("statuses %v, want one 201 and 59 times 200", got)
	}
	if total := h.do("GET", "/Patient?identifier=urn:mrn|1&_summary=count", "").Body.String(); !strings.Contains(total, `"total":1`) {
		t.Errorf("want one patient: %s", total)
	}
}

func TestConditionalUpdatesRace(t *testing.T) {
	h := open(t)
	got := race(60, func(i int) *httptest.ResponseRecorder {
		body := fmt.Sprintf(`{"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"1"}],"multipleBirthInteger":%d}`, i)
		return h.do("PUT", "/Patient?identifier=urn:mrn|1", body)
	})
	if got[201] != 1 || got[200] != 59 {
		t.Errorf("statuses %v, want one 201 and 59 times 200", got)
	}
	if history := h.do("GET", "/Patient/_history?_count=1000", "").Body.String(); strings.Count(history, `"fullUrl"`) != 60 || strings.Count(history, `"201 Created"`) != 1 {
		t.Errorf("want 60 versions of one patient")
	}
}

func TestIfMatchRace(t *testing.T) {
	h := open(t)
	h.do("PUT", "/Patient/ann", `{"resourceType":"Patient","id":"ann"}`)
	got := race(60, func(i int) *httptest.ResponseRecorder {
		return h.do("PUT", "/Patient/ann", fmt.Sprintf(`{"resourceType":"Patient","id":"ann","multipleBirthInteger":%d}`, i), `If-Match: W/"1"`)
	})
	if got[200] != 1 || got[412] != 59 {
		t.Errorf("statuses %v, want one 200 and 59 times 412", got)
	}
}

func TestUpdatesRace(t *testing.T) {
	h := open(t)
	etags := make([]string, 40)
	race(len(etags), func(i int) *httptest.ResponseRecorder {
		w := h.do("PUT", "/Patient/ann", fmt.Sprintf(`{"resourceType":"Patient","id":"ann","multipleBirthInteger":%d}`, i))
		etags[i] = w.Header().Get("ETag")
		return w
	})
	slices.Sort(etags)
	if len(slices.Compact(etags)) != 40 {
		t.Errorf("two updates were given the same version: %v", etags)
	}
	for version := 1; version <= 40; version++ {
		w := h.do("GET", fmt.Sprintf("/Patient/ann/_history/%d", version), "")
		if want := fmt.Sprintf(`"versionId":"%d"`, version); w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("version %d: %d %s", version, w.Code, w.Body)
		}
	}
	if w := h.do("GET", "/Patient/ann/_history/41", ""); w.Code != 404 {
		t.Errorf("version 41: %d", w.Code)
	}
}

// TestTransactionsRace: whoever comes second finds what the first has created.
func TestTransactionsRace(t *testing.T) {
	h := open(t)
	got := race(40, func(i int) *httptest.ResponseRecorder {
		return h.do("POST", "/", fmt.Sprintf(`{"resourceType":"Bundle","type":"transaction","entry":[
			{"fullUrl":"urn:uuid:11111111-1111-4111-8111-111111111111","resource":{"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"1"}]},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=urn:mrn|1"}},
			{"resource":{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":"x"},"subject":{"reference":"urn:uuid:11111111-1111-4111-8111-111111111111"}},"request":{"method":"PUT","url":"Observation/o%d"}}]}`, i, i))
	})
	if got[200] != 40 {
		t.Errorf("statuses %v, want 40 times 200", got)
	}
	page := h.do("GET", "/Patient?identifier=urn:mrn|1&_revinclude=Observation:subject", "").Body.String()
	if strings.Count(page, `"mode":"match"`) != 1 || strings.Count(page, `"mode":"include"`) != 40 {
		t.Errorf("want one patient that 40 observations refer to")
	}
}

// TestDeletesRace: nothing fails, and the history tells a story that can have happened.
func TestDeletesRace(t *testing.T) {
	h := open(t)
	got := race(40, func(i int) *httptest.ResponseRecorder {
		if i%2 == 0 {
			return h.do("DELETE", "/Patient/ann", "")
		}
		return h.do("PUT", "/Patient/ann", fmt.Sprintf(`{"resourceType":"Patient","id":"ann","multipleBirthInteger":%d}`, i))
	})
	if got[200]+got[201]+got[204] != 40 || got[204] != 20 {
		t.Errorf("statuses %v", got)
	}
	history := h.do("GET", "/Patient/ann/_history?_count=100", "").Body.String()
	for _, pair := range []string{`"DELETE","url":"Patient/ann"},"response":{"status":"200`, `"method":"PUT","url":"Patient/ann"},"response":{"status":"204`} {
		if strings.Contains(history, pair) {
			t.Errorf("the history has %s", pair)
		}
	}
}

// TestBatchesRace: the entries of batches run side by side with each other and with other requests.
func TestBatchesRace(t *testing.T) {
	h := open(t)
	got := race(12, func(i int) *httptest.ResponseRecorder {
		var entries []string
		for k := range 12 {
			entries = append(entries, fmt.Sprintf(`{"resource":{"resourceType":"Patient","id":"p%d","multipleBirthInteger":%d},"request":{"method":"PUT","url":"Patient/p%d"}}`, k, i, k),
				`{"resource":{"resourceType":"Person","gender":"female"},"request":{"method":"POST","url":"Person","ifNoneExist":"gender=female"}}`,
				fmt.Sprintf(`{"request":{"method":"GET","url":"Patient?_id=p%d"}}`, k))
		}
		return h.do("POST", "/", `{"resourceType":"Bundle","type":"batch","entry":[`+strings.Join(entries, ",")+`]}`)
	})
	if got[200] != 12 {
		t.Errorf("statuses %v", got)
	}
	if total := h.do("GET", "/Person?_summary=count", "").Body.String(); !strings.Contains(total, `"total":1`) {
		t.Errorf("want one person: %s", total)
	}
}
