package fhir_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"andiron.dev/fhir"
)

func TestTurn(t *testing.T) {
	turn := fhir.NewTurn()
	var wg sync.WaitGroup
	count := 0 // the race detector sees it too
	for range 50 {
		wg.Go(func() {
			if err := turn.Do(context.Background(), func() error { count++; return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	if wg.Wait(); count != 50 {
		t.Errorf("%d of 50 had their turn", count)
	}
}

func TestTurnThatIsNotGiven(t *testing.T) {
	turn := fhir.NewTurn()
	ctx, cancel := context.WithCancel(context.Background())
	if err := turn.Do(ctx, func() error {
		cancel()
		return turn.Do(ctx, func() error { t.Error("two at once"); return nil })
	}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestTurnGoesOnAfterFailures(t *testing.T) {
	ctx, turn, wrong := context.Background(), fhir.NewTurn(), errors.New("wrong")
	if err := turn.Do(ctx, func() error { return wrong }); !errors.Is(err, wrong) {
		t.Error(err)
	}
	err := turn.Do(ctx, func() error { panic("a name") })
	if fhir.CodeOf(err) != fhir.Exception || strings.Contains(err.Error(), "a name") {
		t.Errorf("a panic is %v", err)
	}
	if err := turn.Do(ctx, func() error { return nil }); err != nil {
		t.Error(err)
	}
}

func TestEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		begin := time.Now()
		var at []time.Duration
		fhir.Every(ctx, 15*time.Second, func() {
			if at = append(at, time.Since(begin)); len(at) == 3 {
				cancel()
			}
		})
		if len(at) != 3 || at[0] != 0 || at[1] != 15*time.Second || at[2] != 30*time.Second {
			t.Errorf("called at %v", at)
		}
		fhir.Every(ctx, time.Second, func() { t.Error("called after the end") })
	})
}
