package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir"
)

// create creates n Observations on as many goroutines as there are lists of ids.
func create(t testing.TB, s *Store, goroutines, each int) {
	t.Helper()
	ctx := t.Context()
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				r := observation(t, fmt.Sprintf("%d-%d-%d", s.writer.commits.Load(), g, i), "x")
				if err := s.Update(ctx, nil, func(tx fhir.Tx) error {
					_, err := tx.Put(ctx, r)
					return err
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// TestGroupCommit shows that updates that wait at the same time share commits, and with them the fsync.
func TestGroupCommit(t *testing.T) {
	s := openInternal(t)
	before := s.writer.commits.Load()
	create(t, s, 1, 50)
	if alone := s.writer.commits.Load() - before; alone != 50 {
		t.Errorf("50 updates in a row took %d commits", alone)
	}
	before = s.writer.commits.Load()
	var wg sync.WaitGroup
	err := s.writer.runAlone(t.Context(), nil, func(fhir.Tx) error { // meanwhile the others queue up
		for i := range 40 {
			r := observation(t, fmt.Sprint("queued-", i), "x")
			wg.Go(func() {
				if err := s.Update(t.Context(), nil, func(tx fhir.Tx) error {
					_, err := tx.Put(t.Context(), r)
					return err
				}); err != nil {
					t.Error(err)
				}
			})
		}
		for len(s.writer.queue) < 40 {
			time.Sleep(time.Millisecond)
		}
		return nil
	})
	wg.Wait()
	if shared := s.writer.commits.Load() - before; err != nil || shared != 1 {
		t.Errorf("40 updates that waited took %d commits (%v)", shared, err)
	}
	// Updates that write nothing do not commit.
	before = s.writer.commits.Load()
	for range 10 {
		if err := s.Update(t.Context(), []string{"g"}, func(tx fhir.Tx) error {
			_, err := tx.Read(t.Context(), "Observation", "none")
			if fhir.CodeOf(err) != fhir.NotFound {
				return err
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.writer.commits.Load() - before; got != 0 {
		t.Errorf("updates that wrote nothing took %d commits", got)
	}
}

// TestLeaks opens, uses and closes stores: no goroutine and no file stays behind.
func TestLeaks(t *testing.T) {
	files := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("SKIPPED: no /proc/self/fd here")
		}
		return len(list)
	}
	var goroutinesBefore, filesBefore int
	for round := range 4 {
		t.Run("", func(t *testing.T) {
			s := openInternal(t)
			create(t, s, 20, 3)
			for range 10 {
				_, err := s.Events(t.Context(), 0, 10)
				if err != nil {
					t.Error(err)
				}
			}
			if n := len(s.guards.locks); n != 0 {
				t.Errorf("%d guards are still locked", n)
			}
		})
		if round == 0 {
			goroutinesBefore, filesBefore = runtime.NumGoroutine(), files()
		}
	}
	for range 50 {
		if runtime.NumGoroutine() <= goroutinesBefore {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if g, f := runtime.NumGoroutine(), files(); g > goroutinesBefore || f > filesBefore {
		t.Errorf("%d goroutines and %d files are open, %d and %d before", g, f, goroutinesBefore, filesBefore)
	}
}

// TestLogStaysBounded writes beside readers that overlap all the time, which keeps SQLite from beginning its log anew.
func TestLogStaysBounded(t *testing.T) {
	s := openInternal(t)
	const limit = 4 << 20
	s.writer.log.limit = limit
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := s.View(t.Context(), func(tx fhir.Tx) error {
					_, err := tx.Read(t.Context(), "Observation", "none")
					time.Sleep(2 * time.Millisecond)
					if fhir.CodeOf(err) != fhir.NotFound {
						return err
					}
					return nil
				}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	text, most := strings.Repeat("long ", 20_000), int64(0)
	for i := range 150 {
		r := observation(t, fmt.Sprint(i), text)
		if err := s.Update(t.Context(), nil, func(tx fhir.Tx) error {
			_, err := tx.Put(t.Context(), r)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(s.options.Dir, File+"-wal"))
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, info.Size())
		if s.writer.log.limit == maxLog {
			s.writer.log.limit = limit
		}
	}
	close(stop)
	readers.Wait()
	if most > 8*limit { // it would be 14 times that
		t.Errorf("the log grew to %d bytes, where %d is the limit", most, limit)
	}
}
