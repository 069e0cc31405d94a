package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// TestPace: on a small heap the collector gets room, and it is told anew after each collection.
func TestPace(t *testing.T) {
	t.Setenv("GOGC", "")
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	pace(256 << 20)
	percent := func() int {
		p := debug.SetGCPercent(100)
		debug.SetGCPercent(p)
		return p
	}
	if percent() <= 100 {
		t.Fatal("the collector has not been given room")
	}
	live := make([]byte, 300<<20)
	for i := 0; percent() != 100; i++ {
		if i == 100 {
			t.Fatalf("with %d MB live the collector still has %d %%", len(live)>>20, percent())
		}
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
	runtime.KeepAlive(live)
}
