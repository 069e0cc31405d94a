package resourcestest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
)

// Base is the FHIR base that requests are sent to.
const Base = "http://localhost/fhir"

// Exchange has a server answer a request. ctx says who asks, path is below the base or a whole URL, and headers such as "Prefer: return=minimal" go before what
// a body is said to be: a resource.
func Exchange(ctx context.Context, h http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	if !strings.HasPrefix(path, "http") {
		path = Base + path
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body)).WithContext(ctx)
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// Faults is what is wrong with a resource that a server has answered with; nil = nothing.
func Faults(t testing.TB, g *gate.Gate, text string) *fhir.Outcome {
	t.Helper()
	root, err := fhir.Parse(text, fhir.Limits{})
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return g.Check(root)
}

// At is a value of JSON taken apart: "entry.0.resource.id"; nil where there is none.
func At(v any, path string) any {
	for step := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// Holds demands values of JSON taken apart: each path is followed by what is there, as text.
func Holds(t testing.TB, v any, wants ...any) {
	t.Helper()
	for i := 0; i < len(wants); i += 2 {
		if got := fmt.Sprint(At(v, wants[i].(string))); got != fmt.Sprint(wants[i+1]) {
			t.Errorf("%s is %s, want %v: %v", wants[i], got, wants[i+1], v)
		}
	}
}

// Entries are the references of a Bundle's resources with a search mode, in order; "" = any.
func Entries(bundle any, mode string) string {
	var list []string
	entries, _ := At(bundle, "entry").([]any)
	for _, entry := range entries {
		if m := At(entry, "search.mode"); mode == "" || m == mode {
			list = append(list, fmt.Sprintf("%v/%v", At(entry, "resource.resourceType"), At(entry, "resource.id")))
		}
	}
	return strings.Join(list, " ")
}
