package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/store/mongo/replica"
	"andiron.dev/fhir/store/storetest/chosen"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// copied is what stores that are copied have in common.
type copied struct {
	keys string // file
}

// opened opens a store in this process.
func (c *copied) opened(t *testing.T, name string) *store {
	t.Helper()
	f := &storeFlags{Store: name, Cache: 24, secretFlags: secretFlags{SecretKeyFile: c.keys}}
	s, err := f.open()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// past is version ids and times that versions of n resources get which are written one by one, each in a millisecond of its own; some are
// deleted and made anew.
func past(t *testing.T, start time.Time, from, to, resources int) (events []fhir.Event) {
	t.Helper()
	for i := from; i < to; i++ {
		id := fmt.Sprint("p", i%resources)
		round := i / resources
		e := fhir.Event{Type: "Patient", ID: id, VersionID: fmt.Sprint(round + 1), LastUpdated: start.Add(time.Duration(i) * time.Millisecond), Method: fhir.Create}
		if round > 0 {
			e.Method = fhir.Update
		}
		if i%resources%7 == 0 && round%2 == 1 {
			e.Method = fhir.Delete
		} else {
			var err error
			e.Resource, err = fhir.ParseResource(fmt.Sprintf(`{"resourceType":"Patient","id":"%s","name":[{"family":"Family%d"}],"birthDate":"19%02d-01-01","multipleBirthInteger":%d}`, id, i, i%100, round), fhir.Limits{})
			if err != nil {
				t.Fatal(err)
			}
		}
		events = append(events, e)
	}
	return events
}

// grow writes versions to a store, as they came over time.
func (c *copied) grow(t *testing.T, s *store, start time.Time, from, to, resources int) {
	t.Helper()
	for events := past(t, start.Truncate(time.Millisecond).UTC(), from, to, resources); len(events) > 0; {
		n := min(copyBatch, len(events))
		if err := s.Restore(t.Context(), events[:n]); err != nil {
			t.Fatal(err)
		}
		events = events[n:]
	}
}

// remember writes what a server keeps beside resources.
func (c *copied) remember(t *testing.T, s *store, round int) {
	t.Helper()
	ctx := t.Context()
	now := time.Now()
	if err := s.Update(ctx, []string{"number:mrn", fmt.Sprint("round:", round)}, func(tx fhir.Tx) error {
		for i := range 700 {
			r := &fhir.Record{Kind: "test.cursor", Key: fmt.Sprintf("k%04d", i), Owner: "somebody", Value: fmt.Appendf(nil, `{"round":%d}`, round)}
			if i%3 == 0 {
				r.Expires = now.Add(48 * time.Hour)
			}
			if err := tx.Keep(ctx, r); err != nil {
				return err
			}
		}
		for _, r := range []*fhir.Record{
			{Kind: "event.lease", Key: "dispatcher", Value: []byte(`{"holder":"x"}`)},
			{Kind: "test.gone", Key: "a", Expires: now.Add(-time.Hour), Value: []byte(`1`)},
			{Kind: "test.round", Key: fmt.Sprint(round), Value: []byte(`1`)},
		} {
			if err := tx.Keep(ctx, r); err != nil {
				return err
			}
		}
		if round > 0 {
			if err := tx.Drop(ctx, "test.round", fmt.Sprint(round-1)); err != nil {
				return err
			}
		}
		entry := &fhir.JournalEntry{Time: now, Keys: []string{"subject:x"}, Body: fmt.Appendf(nil, `{"round":%d}`, round)}
		return tx.Append(ctx, entry)
	}); err != nil {
		t.Fatal(err)
	}
}

// interrupt copies in a process that is killed as soon as it has said that it has come so far.
func (c *copied) interrupt(t *testing.T, from, to, at string) {
	t.Helper()
	cmd := program(t, "copy", "--from", from, "--to", to, "--secret-key-file", c.keys)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), at) {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			return
		}
		said.WriteString(lines.Text() + "\n")
	}
	t.Fatalf("it has never said %q:\n%s", at, said.String())
}

// answers are what a server on a store says.
func (c *copied) answers(t *testing.T, name string) (list []string) {
	t.Helper()
	s := startServer(t, "serve", "--store", name, "--secret-key-file", c.keys)
	defer s.kill()
	for _, url := range []string{"/Patient/p1/_history?_count=100", "/Patient/p7/_history?_count=100", "/Patient/p3/_history/2", "/Patient/_history?_count=50", "/Patient?birthdate=1950&_count=5&_total=accurate", "/Patient?_sort=-_lastUpdated&_count=3"} {
		status, text := fetch(t, http.MethodGet, s.url+url, "")
		if status != http.StatusOK {
			t.Errorf("%s: %d", url, status)
		}
		text = strings.ReplaceAll(text, s.url, "")
		if _, rest, ok := strings.Cut(text, `"type":`); ok {
			text = rest // after id and time of the answer
		}
		if before, _, ok := strings.Cut(text, "_cursor="); ok { // every engine has its own
			_, rest, _ := strings.Cut(text, `"entry"`)
			text = before + rest
		}
		list = append(list, text)
	}
	return list
}

// TestCopyInterrupted: a copy that is killed goes on, both ways, and is what it was made of, though that has grown meanwhile.
func TestCopyInterrupted(t *testing.T) {
	chosen.Folder(t)
	uri, keys := clusterArgs(t)
	c := &copied{keys: keys}
	const resources, kill = 2_000, "5000 versions"
	versions := 12_000
	first, second := "sqlite:"+t.TempDir(), "sqlite:"+t.TempDir()
	s := c.opened(t, first)
	c.grow(t, s, time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC), 0, versions, resources)
	c.remember(t, s, 0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ways := [][2]string{{first, uri}, {uri, second}}
	for round, way := range ways {
		c.interrupt(t, way[0], way[1], kill)
		to := c.opened(t, way[1])
		at, err := newest(t.Context(), to)
		if err != nil || int(at) < 5000 || int(at) >= versions {
			t.Fatalf("it was killed after %d versions: %v", at, err)
		}
		if err := to.Close(); err != nil {
			t.Fatal(err)
		}
		if status, _, stderr := command("copy", "--from", "sqlite:"+otherStore(t, keys), "--to", way[1], "--secret-key-file", keys); status != 1 || !strings.Contains(stderr, "left by a copy of another store") {
			t.Errorf("another store into what is left: %d %s", status, stderr)
		}
		if status, _, stderr := command("copy", "--from", way[1], "--to", "sqlite:"+t.TempDir(), "--secret-key-file", keys); status != 1 || !strings.Contains(stderr, "--from: the store is an interrupted copy") {
			t.Errorf("what is left into another store: %d %s", status, stderr)
		}
		if status, _, stderr := command("serve", "--auth", "off", "--addr", "127.0.0.1:0", "--store", way[1], "--secret-key-file", keys); status != 1 || !strings.Contains(stderr, "interrupted copy") {
			t.Errorf("serving what is left: %d %s", status, stderr)
		}
		from := c.opened(t, way[0]) // it goes on being used
		c.grow(t, from, time.Now().Add(-time.Duration(versions)*time.Millisecond), versions, versions+500, resources)
		c.remember(t, from, round+1)
		versions += 500
		all, err := newest(t.Context(), from)
		if err != nil || int(all) < versions {
			t.Fatalf("there are %d versions: %v", all, err)
		}
		if err := from.Close(); err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		status, out, stderr := command("copy", "--from", way[0], "--to", way[1], "--secret-key-file", keys)
		if status != 0 || !strings.Contains(out, "going on where") || !strings.Contains(out, fmt.Sprintf(`"versions":%d`, all)) {
			t.Fatalf("copying: %d %s%s", status, out, stderr)
		}
		t.Logf("%s: %d versions in %v", way[1], versions-int(at), time.Since(started))
		c.compare(t, way[0], way[1])
		if status, out, stderr := command("check", "--deep", "--auth", "off", "--store", way[1], "--secret-key-file", keys); status != 0 {
			t.Errorf("check: %s%s", out, stderr)
		}
		before, after := c.answers(t, way[0]), c.answers(t, way[1])
		for i := range before {
			if before[i] != after[i] || !strings.Contains(before[i], "Family") {
				t.Errorf("answer %d was\n%.500s\nand is\n%.500s", i, before[i], after[i])
			}
		}
	}
	s2 := startServer(t, "serve", "--store", second, "--secret-key-file", keys)
	if status, text := fetch(t, http.MethodPut, s2.url+"/Patient/p2", `{"resourceType":"Patient","id":"p2"}`); status != http.StatusOK {
		t.Errorf("writing to the copy: %d %s", status, text)
	}
}

// compare looks at what the copy's own comparison does not.
func (c *copied) compare(t *testing.T, from, to string) {
	t.Helper()
	a, b := c.opened(t, from), c.opened(t, to)
	defer a.Close()
	defer b.Close()
	for _, key := range []string{"number:mrn", "round:0"} {
		var counts [2]int64
		for i, s := range []*store{a, b} {
			if err := s.View(t.Context(), func(tx fhir.Tx) (err error) {
				counts[i], err = tx.GuardCount(t.Context(), key)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		if counts[0] != counts[1] || counts[0] == 0 {
			t.Errorf("the guard %s: %v", key, counts)
		}
	}
	for _, name := range [][2]string{{"event.lease", "dispatcher"}, {"test.gone", "a"}, {"test.round", "0"}, {copyKind, copyKey}} {
		err := b.View(t.Context(), func(tx fhir.Tx) error {
			_, err := tx.Record(t.Context(), name[0], name[1])
			return err
		})
		if fhir.CodeOf(err) != fhir.NotFound {
			t.Errorf("the record %v is in the copy: %v", name, err)
		}
	}
	if broken, err := b.VerifyJournal(context.Background(), nil); broken != 0 || err != nil {
		t.Errorf("the journal of the copy: %d, %v", broken, err)
	}
}

// otherStore is a store of something else.
func otherStore(t *testing.T, keys string) string {
	t.Helper()
	dir := t.TempDir()
	if status, _, stderr := command("import", "--store", "sqlite:"+dir, "--secret-key-file", keys, writeFile(t, `{"resourceType":"Basic","id":"other","code":{"text":"y"}}`)); status != 0 {
		t.Fatal(stderr)
	}
	return dir
}

// TestCopyRefused: what cannot be copied is refused in words.
func TestCopyRefused(t *testing.T) {
	chosen.Folder(t)
	uri, keys := clusterArgs(t)
	full := "sqlite:" + otherStore(t, keys)
	nothing := filepath.Join(t.TempDir(), "nothing")
	own := t.TempDir() // with keys of its own
	if status, _, stderr := command("import", "--store", "sqlite:"+own, writeFile(t, `{"resourceType":"Basic","id":"own","code":{"text":"y"}}`)); status != 0 {
		t.Fatal(stderr)
	}
	kept := "sqlite:" + t.TempDir() // that has no resources, but is no new one
	s := (&copied{keys: keys}).opened(t, kept)
	if err := s.Append(t.Context(), &fhir.JournalEntry{Time: time.Now(), Body: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c := &copied{keys: keys}
	written := "sqlite:" + t.TempDir() // a copy that was written to before it was finished
	from, to := c.opened(t, full), c.opened(t, written)
	if err := (&copying{from: from, to: to, out: t.Output()}).begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.grow(t, to, time.Now(), 0, 1, 1)
	for _, s := range []*store{from, to} {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	newer, err := replica.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = newer.Close() })
	client, err := mongo.Connect(options.Client().ApplyURI(newer.URI()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	if err := client.Database("andiron").CreateCollection(t.Context(), "state"); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Database("andiron").Collection("state").InsertOne(t.Context(), bson.D{{Key: "_id", Value: "schema"}, {Key: "version", Value: int64(99)}}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		from, to, want string
		keys           []string
	}{
		{"sqlite:" + nothing, uri, "there is no store at", []string{"--secret-key-file", keys}},
		{uri, "sqlite:" + t.TempDir(), "there is no store at", []string{"--secret-key-file", keys}},
		{full, kept, "is not empty", []string{"--secret-key-file", keys}},
		{full, written, "written to since", []string{"--secret-key-file", keys}},
		{full, full, "is not empty", []string{"--secret-key-file", keys}},
		{"sqlite:" + own, "sqlite:" + t.TempDir(), "different secret keys", nil},
		{newer.URI(), uri, "--from: the database has schema version 99", []string{"--secret-key-file", keys}},
		{full, newer.URI(), "--to: the database has schema version 99", []string{"--secret-key-file", keys}},
		{"mysql:x", uri, "--from", []string{"--secret-key-file", keys}},
		{full, "mongodb://anneliese:geheim@127.0.0.1:1/?replicaSet=rs0", "--to: no server of the cluster", []string{"--secret-key-file", keys, "--mongo-timeout", "200ms"}},
	} {
		status, out, stderr := command(append([]string{"copy", "--from", test.from, "--to", test.to}, test.keys...)...)
		if status == 0 || !strings.Contains(stderr, test.want) || strings.Contains(out+stderr, "geheim") {
			t.Errorf("%s to %s: %d %s%s; want %q", test.from, test.to, status, out, stderr, test.want)
		}
	}
	if _, err := os.Stat(nothing); err == nil {
		t.Error("the store that was not there has been made")
	}
}

// TestCopyIndexed: search parameters of the store's own, users and clients come along, and the copy finds by them.
func TestCopyIndexed(t *testing.T) {
	chosen.Folder(t)
	uri, keys := clusterArgs(t)
	first, second := "sqlite:"+t.TempDir(), "sqlite:"+t.TempDir()
	s := startServer(t, "serve", "--store", first, "--secret-key-file", keys)
	for _, one := range [][2]string{
		{"Patient/old", `{"resourceType":"Patient","id":"old","extension":[{"url":"urn:shoe","valueInteger":44}]}`},
		{"SearchParameter/shoe", `{"resourceType":"SearchParameter","id":"shoe","url":"urn:shoe-size","name":"shoe","status":"active","description":"x","code":"shoe-size","base":["Patient"],"type":"number","expression":"Patient.extension.where(url='urn:shoe').value"}`},
		{"Patient/new", `{"resourceType":"Patient","id":"new","extension":[{"url":"urn:shoe","valueInteger":44}]}`},
	} {
		if status, text := fetch(t, http.MethodPut, s.url+"/"+one[0], one[1]); status != http.StatusCreated {
			t.Fatalf("%s: %d %s", one[0], status, text)
		}
	}
	found(t, s, "shoe-size=44", 2)
	s.kill()
	said := func(store string) (list []string) {
		for _, args := range [][]string{{"user", "list"}, {"client", "list"}, {"audit", "verify"}} {
			status, out, stderr := command(append(args, "--store", store, "--secret-key-file", keys)...)
			if status != 0 {
				t.Errorf("%v on %s: %d %s", args, store, status, stderr)
			}
			list = append(list, out)
		}
		return list
	}
	if status, out, stderr := command("client", "add", "--store", first, "--secret-key-file", keys, "--id", "lab", "--name", "Lab", "--scope", "system/*.rs", "--grant", "client_credentials", "--jwks-url", "https://lab.example/jwks"); status != 0 {
		t.Fatalf("client add: %d %s%s", status, out, stderr)
	}
	before := said(first)
	for _, way := range [][2]string{{first, uri}, {uri, second}} {
		if status, out, stderr := command("copy", "--from", way[0], "--to", way[1], "--secret-key-file", keys); status != 0 {
			t.Fatalf("copying: %d %s%s", status, out, stderr)
		}
		if after := said(way[1]); after[0] != before[0] || after[1] != before[1] || !strings.Contains(before[1], "lab") {
			t.Errorf("%s says\n%v\nnot\n%v", way[1], after, before)
		}
	}
	for _, store := range []string{uri, second} {
		s := startServer(t, "serve", "--store", store, "--secret-key-file", keys)
		found(t, s, "shoe-size=44", 2)
		s.kill()
	}
}

// found waits until a search for patients finds so many: what a parameter is about is indexed beside requests.
func found(t *testing.T, s *running, search string, want int) {
	t.Helper()
	text := ""
	for range 200 {
		var status int
		status, text = fetch(t, http.MethodGet, s.url+"/Patient?"+search+"&_total=accurate", "")
		if status == http.StatusOK && strings.Contains(text, fmt.Sprintf(`"total":%d,`, want)) && !strings.Contains(text, "ignored") {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%s: %s", search, text)
}
