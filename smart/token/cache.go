package token

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	leastFresh   = 30 * time.Second // however short its owner wants it: otherwise every forged token would be a fetch
	mostFresh    = time.Hour        // however long: a key that was withdrawn must be forgotten some time
	defaultFresh = 5 * time.Minute
)

// freshness is how long an answer may be used (RFC 9111, section 4.2), within bounds.
func freshness(h http.Header, now time.Time) time.Duration {
	fresh, said := time.Duration(0), false
	for _, line := range h["Cache-Control"] {
		for directive := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(name) {
			case "no-store", "no-cache":
				return leastFresh
			case "max-age":
				seconds, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 64)
				if err != nil || seconds < 0 {
					return leastFresh
				}
				fresh, said = time.Duration(min(seconds, int64(mostFresh/time.Second)))*time.Second, true
			}
		}
	}
	if !said {
		fresh = defaultFresh
		if expires := h.Get("Expires"); expires != "" {
			t, err := http.ParseTime(expires)
			if err != nil {
				return leastFresh // "0" means that it has expired
			}
			fresh = t.Sub(now)
		}
	}
	if age, err := strconv.ParseInt(h.Get("Age"), 10, 32); err == nil && age > 0 {
		fresh -= time.Duration(age) * time.Second
	}
	return max(leastFresh, min(mostFresh, fresh))
}
