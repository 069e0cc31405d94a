package event

import (
	"context"
	"runtime"
	"time"
)

// turns keep deliveries from crowding out requests: thousands that are ready at once would each be a goroutine in front of the one that a client
// is waiting for. Whoever delivers waits in line for a place, and keeps it while the delivery costs this machine something, that is while it is
// quick: one that waits for its endpoint gives its place to the next, so that slow endpoints stop nobody. While requests are being answered there is
// one place only, and it rests between deliveries, so that they take no more than half of one processor, and never nothing.
type turns struct {
	busy   func() bool   // requests are being answered
	places chan struct{} // when they are not
	single chan time.Duration
}

const (
	turn = 2 * time.Millisecond // how long a delivery keeps its place
	// rests is how long the place rests while the server is busy, in times of what the last delivery took. With 100 subscriptions that match every
	// create, 0 leaves two thirds of the creates a second, 1 some more, 4 nine tenths, and a twentieth of the deliveries.
	rests = 1
)

func newTurns(busy func() bool) *turns {
	t := &turns{busy: busy, places: make(chan struct{}, 2*runtime.GOMAXPROCS(0)), single: make(chan time.Duration, 1)}
	t.single <- 0
	return t
}

// enter waits for a place. leave must be called when the delivery is over. Errors: that of ctx.
func (t *turns) enter(ctx context.Context) (leave func(), err error) {
	select {
	case t.places <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if !t.busy() {
		return t.keep(func(time.Duration) { <-t.places }), nil
	}
	var took time.Duration
	select {
	case took = <-t.single:
	case <-ctx.Done():
		<-t.places
		return nil, ctx.Err()
	}
	for rest := rests * took; rest > 0 && t.busy(); rest -= turn { // requests may come to an end meanwhile
		if err = pause(ctx, min(rest, turn)); err != nil {
			t.single <- took
			<-t.places
			return nil, err
		}
	}
	return t.keep(func(took time.Duration) {
		t.single <- took
		<-t.places
	}), nil
}

// keep has a place given back at the end of the delivery, or after a turn.
func (t *turns) keep(back func(took time.Duration)) (leave func()) {
	begun := time.Now() // on the wall: this is about how busy the machine is
	timer := time.AfterFunc(turn, func() { back(turn) })
	return func() {
		if timer.Stop() {
			back(time.Since(begun))
		}
	}
}
