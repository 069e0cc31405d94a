package answer_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"andiron.dev/cmd/andiron/bench/answer"
)

// FuzzReadResource: the one pass agrees with encoding/json about what a resource says, and takes whatever that takes.
func FuzzReadResource(f *testing.F) {
	for _, text := range []string{
		`{"resourceType":"Patient","id":"1","meta":{"versionId":"3"},"birthDate":"2007"}`,
		` { "id" : "a" , "x" : [ 1 , -2.5e3 , true , null , {"id":"b"}, [] , {} ] , "resourceType":"Basic" } `,
		`{"text":{"div":"<p title=\"a\\\">\\\\\"},"},"id":"1","birthDate":"19\u0036 5"}`,
		`{"id":1,"resourceType":{"a":"b"},"birthDate":["x"]}`, `{`, `{"a"}`, `{"a":}`, `[]`, ``, `{"a":1}}`, `{"a":"\`, `{"id":"\ud83d\ude00"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, wrong := answer.ReadResource(text)
		if !json.Valid(text) || strings.Contains(string(text), "�") {
			return // the pass may take more than JSON: it must only not fail badly
		}
		var want map[string]json.RawMessage
		if json.Unmarshal(text, &want) != nil || want == nil {
			if wrong == nil {
				t.Fatalf("%q is taken for an object", text)
			}
			return
		}
		if wrong != nil {
			t.Fatalf("%q: %v", text, wrong)
		}
		for name, got := range map[string][]byte{"resourceType": got.Type, "id": got.ID, "birthDate": got.BirthDate} {
			var value string
			_ = json.Unmarshal(want[name], &value) // "" for another type
			if value != string(got) && strings.Count(string(text), name) == 1 && !strings.ContainsAny(value, "\ufffd") {
				t.Errorf("%q: %s is %q, want %q", text, name, got, value)
			}
		}
	})
}

// TestTruncated: no text ends the pass early or for ever, and a cut one is never taken for whole.
func TestTruncated(t *testing.T) {
	text := []byte(`{"resourceType":"Bundle","type":"searchset","total":1,"link":[{"relation":"next","url":"u?a=\"b\""}],"entry":[{"search":{"mode":"match"},` +
		`"resource":{"resourceType":"Patient","id":"1","name":[{"family":"O\u0027Hara","given":["A"]}],"x":[1,2.5,true,null]}}]}`)
	for n := range text {
		if _, wrong := answer.ReadBundle(text[:n], func(*answer.Entry) {}); wrong == nil {
			t.Errorf("%q is taken for a Bundle", text[:n])
		}
	}
	b, wrong := answer.ReadBundle(text, func(e *answer.Entry) {
		if string(e.Resource.ID) != "1" || string(e.Mode) != "match" || len(e.Resource.Names) != 2 || string(e.Resource.Names[0]) != "O'Hara" {
			t.Errorf("%+v", e)
		}
	})
	if wrong != nil || b.Type != "searchset" || b.Total != 1 || b.Next != `u?a="b"` {
		t.Errorf("%+v, %v", b, wrong)
	}
}

// BenchmarkRead compares the pass with encoding/json on a record of Synthea.
func BenchmarkRead(b *testing.B) {
	entry := `{"fullUrl":"http://h/Patient/1","search":{"mode":"match"},"resource":{"resourceType":"Patient","id":"1","text":{"status":"generated",` +
		`"div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">` + strings.Repeat("word ", 40) + `</div>"},"identifier":[` +
		strings.Repeat(`{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR","display":"x"}]},"system":"http://h","value":"v"},`, 9) +
		`{"value":"w"}],"name":[{"use":"official","family":"Lemke","given":["Abram"]}],"birthDate":"1965-01-13"}}`
	text := []byte(`{"resourceType":"Bundle","type":"searchset","entry":[` + strings.Repeat(entry+",", 99) + entry + `]}`)
	q := answer.Query{Type: "Patient", Count: 100, Match: answer.NameStarts("Lemke")}
	b.Run("Query.Check", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if n, wrong := q.Check(text); n != 100 || wrong != nil {
				b.Fatal(n, wrong)
			}
		}
	})
	b.Run("encoding.json", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			var v struct {
				Entry []struct {
					Search   struct{ Mode string }
					Resource struct {
						ID        string
						BirthDate string
						Name      []struct {
							Family string
							Given  []string
						}
					}
				}
			}
			if err := json.Unmarshal(text, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Has", func(b *testing.B) {
		resource := []byte(entry)
		b.SetBytes(int64(len(resource)))
		for b.Loop() {
			if !answer.Has(resource, `"id"`, "1") || !answer.Has(resource, `"resourceType"`, "Patient") {
				b.Fatal("not found")
			}
		}
	})
}

func gunzip(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	unzip, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(unzip)
}

// TestSynthea reads real Bundles, where they are present.
func TestSynthea(t *testing.T) {
	files, _ := filepath.Glob("../../../../../shared/data/synthea/A*.json.gz")
	if len(files) == 0 {
		t.Skip("no ../shared/data/synthea here")
	}
	for _, file := range files[:1] {
		text, err := gunzip(file)
		if err != nil {
			t.Fatal(err)
		}
		var want struct {
			Entry []struct {
				Resource struct{ ID, ResourceType string }
				Request  struct{ Method, URL string }
			}
		}
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		n := 0
		b, wrong := answer.ReadBundle(text, func(e *answer.Entry) {
			w := want.Entry[n]
			if string(e.Resource.ID) != w.Resource.ID || string(e.Resource.Type) != w.Resource.ResourceType || string(e.Method) != w.Request.Method || string(e.URL) != w.Request.URL {
				t.Errorf("entry %d: %s/%s, want %+v", n, e.Resource.Type, e.Resource.ID, w)
			}
			n++
		})
		if wrong != nil || b.Type != "transaction" || n != len(want.Entry) {
			t.Errorf("%s: %v, %d entries, want %d", file, wrong, n, len(want.Entry))
		}
	}
}
