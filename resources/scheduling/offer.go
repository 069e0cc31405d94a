package scheduling

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// An offer is a time that somebody has been told of: a proposed Appointment that is kept as a record for offerLife, readable by whom it was made for
// under its id, and by no search. It holds nothing: whoever books first has it.
const (
	offerKind    = "appointment-offer"
	offerPrefix  = "of-"
	offerLife    = 15 * time.Minute
	offerExpires = ours + "offer-expires" // of the proposed Appointment: valueInstant
)

// offer is what an offer says.
type offer struct {
	id          string
	appointment *fhir.Resource // proposed
	schedules   []*fhir.Resource
	service     *fhir.Resource
	start, end  time.Time
	expires     time.Time
}

// kept is the value of an offer's record.
type kept struct {
	Caller      string          `json:"caller"`
	Schedules   []string        `json:"schedules"` // ids
	Service     string          `json:"service"`
	Appointment json.RawMessage `json:"appointment"`
}

// caller names who an offer is for: a user whatever the session, a client otherwise.
func caller(ctx context.Context) string {
	p := smart.From(ctx)
	if p == nil || p.IsServer() {
		return ""
	}
	return p.Issuer + "\x00" + p.Subject + "\x00" + p.Patient
}

// offerID is the id of an offer: the same for the same caller, so that finding a time twice is one offer.
func offerID(caller string, c *candidate, patients []string) string {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{caller, c.service().ID(), c.start.UTC().Format(time.RFC3339Nano), c.key}, patients...), "\x00")))
	return offerPrefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:20]))
}

// offer reads an offer. Errors: NotFound for one that is unknown, expired or another's; what has become of its Schedules and service is looked at by
// whoever books it.
func (m *Module) offer(ctx context.Context, tx fhir.Tx, id string) (*offer, error) {
	record, err := m.offerRecord(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	k, r, err := readKept(ctx, record)
	if err != nil {
		return nil, err
	}
	o := &offer{id: id, appointment: r, start: moment(r.Root().Get("start")), end: moment(r.Root().Get("end")), expires: record.Expires}
	if o.service, err = m.read(ctx, tx, "HealthcareService", k.Service); err != nil {
		return nil, err
	}
	for _, id := range k.Schedules {
		s, err := m.read(ctx, tx, "Schedule", id)
		if err != nil {
			return nil, err
		}
		if s == nil {
			return nil, noOffer()
		}
		o.schedules = append(o.schedules, s)
	}
	if o.service == nil {
		return nil, noOffer()
	}
	return o, nil
}

func noOffer() error {
	return refuse(fhir.NotFound, "offer-expired", "there is no such offer, or it has expired: find a time again")
}

// offerRecord is the record of an offer.
func (m *Module) offerRecord(ctx context.Context, tx fhir.Tx, id string) (*fhir.Record, error) {
	if !strings.HasPrefix(id, offerPrefix) {
		return nil, noOffer()
	}
	record, err := tx.Record(smart.System(ctx), offerKind, id)
	if fhir.CodeOf(err) == fhir.NotFound {
		if record = m.offers.get(id, m.config.Now()); record == nil {
			return nil, noOffer()
		}
		err = nil
	}
	return record, err
}

// readKept reads the value of an offer's record, for whom it was made.
func readKept(ctx context.Context, record *fhir.Record) (*kept, *fhir.Resource, error) {
	var k kept
	if err := json.Unmarshal(record.Value, &k); err != nil {
		return nil, nil, fhir.Internal(err) // nobody else can have written it
	}
	if p := smart.From(ctx); k.Caller != caller(ctx) && !(p != nil && p.IsServer()) {
		return nil, nil, noOffer()
	}
	r, err := fhir.ParseResource(string(k.Appointment), fhir.DefaultLimits())
	if err != nil {
		return nil, nil, fhir.Internal(err)
	}
	return &k, r, nil
}

// readOffer is around the interaction read: what is no Appointment may be an offer.
func (m *Module) readOffer(ctx context.Context, req *fhir.Request, next fhir.Handler) (*fhir.Response, error) {
	resp, err := next.Serve(ctx, req)
	if req.Type != "Appointment" || !strings.HasPrefix(req.ID, offerPrefix) || fhir.CodeOf(err) != fhir.NotFound {
		return resp, err
	}
	var r *fhir.Resource
	look := m.view(ctx, req, func(tx fhir.Tx) error {
		record, err := m.offerRecord(ctx, tx, req.ID)
		if err == nil {
			_, r, err = readKept(ctx, record)
		}
		return err
	})
	if look != nil {
		if fhir.CodeOf(look) == fhir.NotFound {
			return nil, err // as for any id
		}
		return nil, look
	}
	return &fhir.Response{Resource: r}, nil
}

// record is what an offer is kept as.
func (o *offer) record(caller string) (*fhir.Record, error) {
	k := kept{Caller: caller, Service: o.service.ID(), Appointment: o.appointment.JSON()}
	for _, s := range o.schedules {
		k.Schedules = append(k.Schedules, s.ID())
	}
	value, err := json.Marshal(k)
	if err != nil {
		return nil, fhir.Internal(err)
	}
	return &fhir.Record{Kind: offerKind, Key: o.id, Expires: o.expires, Value: value}, nil
}

// keep keeps offers in a commit of their own.
func (m *Module) keep(ctx context.Context, records []*fhir.Record) error {
	if len(records) == 0 {
		return nil
	}
	ctx = smart.System(ctx)
	return m.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		for _, r := range records {
			if err := tx.Keep(ctx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// offerBoard holds the offers that come with a refusal until they are in the store: the update that was refused cannot keep them, and another one must
// not wait within it. It is a fhir.Worker.
type offerBoard struct {
	keep func(context.Context, []*fhir.Record) error

	mu      sync.Mutex
	records map[string]*fhir.Record
	waiting []*fhir.Record
	wake    chan struct{}
	busy    sync.Mutex // one at a time takes what waits
}

// maxWaiting bounds the offers that wait: of more, the newest are not made.
const maxWaiting = 10_000

func newOfferBoard(keep func(context.Context, []*fhir.Record) error) *offerBoard {
	return &offerBoard{keep: keep, records: make(map[string]*fhir.Record), wake: make(chan struct{}, 1)}
}

// put takes offers in. It reports false where there is no room.
func (b *offerBoard) put(records []*fhir.Record) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting)+len(records) > maxWaiting {
		return false
	}
	for _, r := range records {
		b.records[r.Key] = r
	}
	b.waiting = append(b.waiting, records...)
	select {
	case b.wake <- struct{}{}:
	default:
	}
	return true
}

// get is an offer that may not be in the store yet; nil = there is none.
func (b *offerBoard) get(id string, now time.Time) *fhir.Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r := b.records[id]; r != nil && now.Before(r.Expires) {
		return r
	}
	return nil
}

// Run implements fhir.Worker.
func (b *offerBoard) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.wake:
			_ = b.Drain(ctx) // what could not be kept waits for the next
		}
	}
}

// Drain implements fhir.Worker: it keeps all that waits.
func (b *offerBoard) Drain(ctx context.Context) error {
	b.busy.Lock()
	defer b.busy.Unlock()
	b.mu.Lock()
	records := b.waiting
	b.waiting = nil
	b.mu.Unlock()
	err := b.keep(ctx, records)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.waiting = append(records, b.waiting...)
		return err
	}
	for _, r := range records {
		if b.records[r.Key] == r {
			delete(b.records, r.Key)
		}
	}
	return nil
}
