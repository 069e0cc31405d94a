package interaction_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/interaction"
	"andiron.dev/fhir/store/storetest"
	"andiron.dev/search"
)

// link is the URL of a link of a searchset, "" where it has none.
func link(resp *fhir.Response, relation string) string {
	for _, l := range resp.Bundle.Links {
		if l.Relation == relation {
			return l.URL
		}
	}
	return ""
}

// matched lists the ids of the matches.
func matched(resp *fhir.Response) (ids []string) {
	for _, e := range resp.Bundle.Entries {
		if e.Mode == fhir.ModeMatch {
			ids = append(ids, e.Resource.ID())
		}
	}
	return ids
}

// walk follows the links of a relation from a page to the last one.
func (d *desk) walk(resp *fhir.Response, relation string) (pages []*fhir.Response) {
	d.Helper()
	for {
		pages = append(pages, resp)
		url := link(resp, relation)
		if url == "" {
			return pages
		}
		if resp = d.want("", "GET "+url, ""); resp == nil {
			d.FailNow()
		}
	}
}

func patientNo(i int, family string) string {
	return fmt.Sprintf(`{"resourceType":"Patient","id":"p%d","gender":"male","name":[{"family":"%s"}]}`, i, family)
}

// TestPagesThereAndBack: without anybody writing, the way back shows the same pages.
func TestPagesThereAndBack(t *testing.T) {
	d := open(t)
	for i := range 17 {
		d.want("", fmt.Sprint("PUT Patient/p", i), patientNo(i, string(rune('A'+i*7%17/2))))
	}
	for i := range 17 { // the compartment of a patient
		d.want("", fmt.Sprint("PUT Basic/b", i), fmt.Sprintf(`{"resourceType":"Basic","id":"b%d","code":{"text":"x"},"subject":{"reference":"Patient/p3"}}`, i))
	}
	for _, query := range []string{
		"Patient?", "Patient?gender=male", "Patient?_sort=family", "Patient?_sort=-family,_id", "Patient?_sort=-_lastUpdated", "Patient?_sort=birthdate,-family",
		"Patient?family:missing=false&_sort=-family&_total=accurate", "?_type=Basic,Practitioner", "?_type=Basic,Practitioner&_sort=-_id", "Patient/p3/Basic?", "Patient/p3/Basic?_sort=-_lastUpdated&_total=estimate",
		"Patient/p3/*?_type=Basic",
	} {
		there := d.walk(d.want("", "GET "+query+"&_count=4", ""), "next")
		back := d.walk(there[len(there)-1], "previous")
		slices.Reverse(back)
		if len(there) != 5 || len(back) != 5 {
			t.Errorf("%s: %d pages there and %d back", query, len(there), len(back))
			continue
		}
		for i := range there {
			if !slices.Equal(matched(there[i]), matched(back[i])) || there[i].Bundle.Total != back[i].Bundle.Total {
				t.Errorf("%s: page %d was %v and is %v", query, i, matched(there[i]), matched(back[i]))
			}
			if first := link(there[i], "first"); first == "" || !slices.Equal(matched(d.want("", "GET "+first, "")), matched(there[0])) {
				t.Errorf("%s: the first link of page %d leads elsewhere", query, i)
			}
		}
		if again := d.walk(back[0], "next"); len(again) != 5 {
			t.Errorf("%s: there are %d pages the second time", query, len(again))
		}
	}
}

// TestPagesWhileOthersWrite pages forward and back while writers create, change and delete resources. What nobody touches is shown
// once on the way there; and, in the order of creation, which puts what is new at the end, at least once on the way back.
func TestPagesWhileOthersWrite(t *testing.T) {
	for _, query := range []string{"gender=male", "", "_sort=family", "_sort=-family,_id", "_sort=-_lastUpdated"} {
		t.Run(query, func(t *testing.T) {
			d := open(t)
			const all = 90 // of every six of them, one is changed and one deleted
			for i := range all {
				d.want("", fmt.Sprint("PUT Patient/p", i), patientNo(i, fmt.Sprint("F", i%13)))
			}
			ctx, stop := context.WithCancel(t.Context())
			var writers sync.WaitGroup
			for w := range 2 {
				writers.Go(func() {
					random := rand.New(rand.NewPCG(uint64(w), 1))
					for n := 0; ctx.Err() == nil; n++ {
						i := 6 * random.IntN(all/6)
						d.want("", fmt.Sprint("PUT Patient/p", i), patientNo(i, fmt.Sprint("F", random.IntN(13))))
						d.want("", fmt.Sprintf("PUT Patient/new%d-%d", w, n%20), strings.Replace(patientNo(0, fmt.Sprint("F", n%13)), `"p0"`, fmt.Sprintf(`"new%d-%d"`, w, n%20), 1))
						d.want("", fmt.Sprint("DELETE Patient/p", 6*random.IntN(all/6)+3), "")
						d.want("", fmt.Sprintf("DELETE Patient/new%d-%d", w, (n+7)%20), "")
					}
				})
			}
			defer writers.Wait()
			defer stop()
			for range 3 {
				pages := d.walk(d.want("", "GET Patient?_count=7&"+query, ""), "next")
				there := shown(pages)
				back := shown(d.walk(pages[len(pages)-1], "previous"))
				for i := range all {
					id := fmt.Sprint("p", i)
					if i%3 == 0 {
						if !strings.Contains(query, "_sort") && there[id] > 1 { // what changes keeps its place
							t.Errorf("%s was shown %d times", id, there[id])
						}
						continue
					}
					if there[id] != 1 {
						t.Errorf("%s, which nobody touches, was shown %d times", id, there[id])
					}
					if !strings.Contains(query, "_sort") && back[id] == 0 {
						t.Errorf("%s was not shown on the way back", id)
					}
				}
			}
		})
	}
}

func shown(pages []*fhir.Response) map[string]int {
	times := make(map[string]int)
	for _, page := range pages {
		for _, id := range matched(page) {
			times[id]++
		}
	}
	return times
}

// TestPagesFarIn: a cursor leads a hundred pages back, and to the first.
func TestPagesFarIn(t *testing.T) {
	storetest.Single(t)
	d := open(t)
	d.many(130)
	pages := d.walk(d.want("", "GET Patient?_count=1", ""), "next")
	if len(pages) != 130 {
		t.Fatalf("%d pages", len(pages))
	}
	back := d.walk(pages[129], "previous")
	if len(back) != 101 || !slices.Equal(matched(back[100]), matched(pages[29])) {
		t.Errorf("%d pages back", len(back))
	}
	if got := matched(d.want("", "GET "+link(back[100], "first"), "")); !slices.Equal(got, matched(pages[0])) {
		t.Errorf("first is %v", got)
	}
	if n := len(link(pages[129], "previous")); n > 6000 {
		t.Errorf("a link has %d bytes", n)
	}
	// Long sort keys make long positions: fewer of them are kept.
	for i := range 60 {
		d.want("", fmt.Sprint("PUT Patient/long", i), fmt.Sprintf(`{"resourceType":"Patient","id":"long%d","gender":"other","name":[{"family":"%s"}]}`, i, strings.Repeat(fmt.Sprintf("%02d", i), 100)))
	}
	pages = d.walk(d.want("", "GET Patient?_count=1&_sort=family&gender=other", ""), "next")
	back = d.walk(pages[len(pages)-1], "previous")
	if len(pages) != 60 || len(back) < 10 || len(back) > 30 || link(back[len(back)-1], "first") == "" || len(link(pages[59], "previous")) > 8000 {
		t.Errorf("%d pages, %d back, links of %d bytes", len(pages), len(back), len(link(pages[59], "previous")))
	}
}

// TestPageLinksAreBound: to the caller and to where the search is.
func TestPageLinksAreBound(t *testing.T) {
	d := open(t)
	d.many(3)
	as := func(caller string) func(*fhir.Request) {
		return func(r *fhir.Request) { r.Caller = caller }
	}
	resp := d.want("", "GET Patient?_count=1&active=true", "", as("ann"))
	next := link(resp, "next")
	d.want("", "GET "+next, "", as("ann"))
	d.want(fhir.Invalid, "GET "+next, "", as("bob"))
	d.want(fhir.Invalid, "GET "+next, "")
	d.want(fhir.Invalid, "GET "+strings.Replace(next, "Patient", "Practitioner", 1), "", as("ann"))
	entry := fmt.Sprintf(`{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"%s"}}]}`, next)
	for caller, refused := range map[string]bool{"ann": false, "bob": true} {
		if resp := d.want("", "POST /", entry, as(caller)); (resp.Bundle.Entries[0].Err != nil) != refused {
			t.Errorf("in a batch of %s: %v", caller, resp.Bundle.Entries[0].Err)
		}
	}
	for _, l := range resp.Bundle.Links {
		if l.Relation != "self" && strings.Contains(l.URL, "active") {
			t.Errorf("%s tells what was searched for", l.URL)
		}
	}
}

// TestPageLinksOfLongQueries: a query that fits into a URL has links that do; of others the outcome says what can be done.
func TestPageLinksOfLongQueries(t *testing.T) {
	d := open(t)
	d.many(3)
	for n, fits := range map[int]bool{350: true, 950: false} {
		values := make([]string, n)
		for i := range values {
			values[i] = fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", rand.Uint32(), rand.Uint32N(1<<16), rand.Uint32N(1<<12), rand.Uint32N(1<<12), rand.Uint64N(1<<48))
		}
		values[0] = "true"
		query := "active=true&_count=1&identifier:not=" + strings.Join(values, ",")
		resp := d.want("", "GET Patient?"+query, "")
		next := link(resp, "next")
		warned := resp.Bundle.Entries[len(resp.Bundle.Entries)-1].Mode == fhir.ModeOutcome
		if (len(next) < 16<<10) != fits || warned == fits {
			t.Errorf("the link of a query of %d bytes has %d; warned: %v", len(query), len(next), warned)
		}
		if got := matched(d.want("", "GET "+next, "")); len(got) != 1 {
			t.Errorf("the next page has %v", got)
		}
	}
}

// TestPageLinksExpire by the clock of the server.
func TestPageLinksExpire(t *testing.T) {
	now := time.Now()
	d := open(t, func(x *interaction.Interactions) {
		x.Seal, x.Now = sealer(t, func() time.Time { return now }), func() time.Time { return now }
	})
	d.many(3)
	next := link(d.want("", "GET Patient?_count=1", ""), "next")
	now = now.Add(time.Hour)
	next = link(d.want("", "GET "+next, ""), "next")
	now = now.Add(time.Hour)
	d.want("", "GET "+next, "")
	now = now.Add(time.Millisecond)
	d.want(fhir.Expired, "GET "+next, "")
}

func sealer(t testing.TB, now func() time.Time) *search.Sealer {
	t.Helper()
	s, err := search.NewSealer(search.NewKey(), now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
