package terminology_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"andiron.dev/fhir/terminology"
)

// TestCache: what is kept is never in the way of what is stored.
func TestCache(t *testing.T) {
	l := newLibrary(t, `ValueSet/x {"url":"urn:x","compose":{"include":[{"system":"urn:s"}]}}`)
	system := func(id, url, content string, codes ...string) {
		list := strings.Join(codes, `"},{"code":"`)
		l.put(fmt.Sprintf(`CodeSystem/%s {"url":"%s","content":"%s","status":"active","concept":[{"code":"%s"}]}`, id, url, content, list))
	}
	want := func(when, codes string) {
		t.Helper()
		for range 2 {
			if got := l.expand("urn:x"); got != codes {
				t.Errorf("%s: %q, want %q", when, got, codes)
			}
		}
	}
	system("1", "urn:s", "complete", "a")
	want("at first", "urn:s|a")
	system("1", "urn:s", "complete", "b") // the same reference and version, another text: as when a transaction was given up
	want("changed", "urn:s|b")
	system("1", "urn:s", "not-present", "b")
	want("emptied", "urn:s|*")
	system("1", "urn:s", "supplement", "b")
	want("a supplement", "urn:s|*")
	system("1", "urn:other", "complete", "b")
	want("gone", "urn:s|*")
	system("1", "urn:s", "complete", "c")
	want("back", "urn:s|c")

	// More than is kept: each is right all the same.
	const each = 60_000
	big := make([]string, 5)
	for i := range big {
		codes := make([]string, each)
		for j := range codes {
			codes[j] = fmt.Sprintf("%d-%d", i, j)
		}
		system(fmt.Sprint("big", i), fmt.Sprint("urn:big", i), "complete", codes...)
		l.put(fmt.Sprintf(`ValueSet/big%d {"url":"urn:vs%d","compose":{"include":[{"system":"urn:big%d","filter":[{"property":"code","op":"=","value":"%d-7"}]}]}}`, i, i, i, i))
	}
	for i := range 2 * len(big) {
		n := i % len(big)
		if got := l.expand(fmt.Sprint("urn:vs", n)); got != fmt.Sprintf("urn:big%d|%d-7", n, n) {
			t.Errorf("the code system %d: %s", n, got)
		}
	}
}

func TestCacheAtOnce(t *testing.T) {
	l := newLibrary(t, zoo, `ValueSet/cats {"url":"urn:cats","compose":{"include":[{"system":"urn:zoo","filter":[{"property":"concept","op":"is-a","value":"cat"},{"property":"inactive","op":"=","value":"false"}]}]}}`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				codes, err := terminology.New(l.spec, l.params, l.matcher.Reader(), &l.cache).Expand(t.Context(), "urn:cats")
				if err != nil || codes.Len() != 1 {
					t.Errorf("%v %v", codes, err)
					return
				}
			}
		})
	}
	wg.Wait()
}
