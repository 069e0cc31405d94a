package scheduling_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/rules"
	"andiron.dev/fhir/server"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/resources/resourcestest"
	"andiron.dev/resources/scheduling"
	"andiron.dev/smart"
)

// practice is a server with the module on an empty store.
type practice struct {
	*server.Server
	store chosen.Store
	now   time.Time
}

func openPractice(t testing.TB) *practice {
	t.Helper()
	spec, params := resourcestest.Parameters(t)
	p := &practice{now: time.Date(2026, 3, 2, 13, 0, 0, 0, time.UTC)}
	now := func() time.Time { return p.now }
	p.store = chosen.Open(t, sqlite.Options{Dir: t.TempDir(), Params: params, Now: now})
	t.Cleanup(func() { _ = p.store.Close() })
	enforcer := rules.New(p.store, nil)
	m := scheduling.New(scheduling.Config{
		Store: enforcer.Store(), Spec: spec, Params: params, Now: now, NewID: server.NewUUID, Log: slog.New(slog.DiscardHandler),
		Serve: fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
			return p.Handler().Serve(ctx, req)
		}),
	})
	var err error
	p.Server, err = server.New(server.Config{Store: p.store, Rules: enforcer, Spec: spec, Params: params, Now: now, Modules: []fhir.Module{m}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *practice) do(method, path, body string) (int, string) {
	w := resourcestest.Exchange(context.Background(), p, method, path, body)
	return w.Code, w.Body.String()
}

// load puts resources into the store without asking the rules: what is there already.
func (p *practice) load(t testing.TB, resources []string) {
	t.Helper()
	ctx := smart.System(context.Background())
	for lot := range slices.Chunk(resources, 2000) {
		if err := p.store.Update(ctx, nil, func(tx fhir.Tx) error {
			for _, text := range lot {
				r, err := fhir.ParseResource(text, fhir.DefaultLimits())
				if err != nil {
					return err
				}
				if _, err := tx.Put(ctx, r); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// week are opening hours from Monday to Friday.
func week(from, to string) string {
	var days strings.Builder
	for _, d := range []string{"mon", "tue", "wed", "thu", "fri"} {
		days.WriteString(`{"url":"daysOfWeek","valueCode":"` + d + `"},`)
	}
	return `{"url":"availableTime","extension":[` + days.String() + `{"url":"availableStartTime","valueTime":"` + from + `"},{"url":"availableEndTime","valueTime":"` + to + `"}]}`
}

const (
	ext       = "https://andiron.dev/fhir/StructureDefinition/"
	visitCode = `[{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/visit-type","code":"%s"}]}]`
)

// BenchmarkFind looks for times of 20 practitioners over 30 days, a third of which are taken; four months of bookings lie before them.
func BenchmarkFind(b *testing.B) {
	p := openPractice(b)
	list := []string{`{"resourceType":"HealthcareService","id":"hs","active":true,"type":` + fmt.Sprintf(visitCode, "office") + `,"extension":[{"url":"` + ext + `scheduling-parameters","extension":[
		{"url":"duration","valueDuration":{"value":30,"code":"min"}},{"url":"alignmentInterval","valueDuration":{"value":30,"code":"min"}}]},{"url":"` + ext + `patient-booking","valueCode":"instant"}]}`}
	first := p.now.Truncate(24 * time.Hour)
	var busy []string
	for n := range 20 {
		list = append(list, fmt.Sprintf(`{"resourceType":"Practitioner","id":"dr-%d","active":true}`, n), fmt.Sprintf(`{"resourceType":"Schedule","id":"sch-%d","active":true,"serviceType":`+visitCode+
			`,"actor":[{"reference":"Practitioner/dr-%d"}],"extension":[{"url":"`+ext+`scheduling-parameters","extension":[{"url":"timezone","valueCode":"America/New_York"},{"url":"availability","extension":[`+
			week("09:00:00", "12:00:00")+","+week("13:00:00", "17:00:00")+`]}]}]}`, n, "office", n))
		for day := -120; day < 40; day++ {
			for k := range 5 {
				start := first.AddDate(0, 0, day).Add(14*time.Hour + time.Duration(k*90)*time.Minute)
				busy = append(busy, fmt.Sprintf(`{"resourceType":"Slot","id":"s-%d-%d-%d","schedule":{"reference":"Schedule/sch-%d"},"status":"busy","start":"%s","end":"%s"}`,
					n, day+120, k, n, start.Format(time.RFC3339), start.Add(30*time.Minute).Format(time.RFC3339)))
			}
		}
	}
	p.load(b, list)
	p.load(b, busy)
	if err := p.Drain(context.Background()); err != nil { // diaries
		b.Fatal(err)
	}
	var who strings.Builder
	for n := range 20 {
		fmt.Fprintf(&who, `,{"name":"practitioner","valueReference":{"reference":"Practitioner/dr-%d"}}`, n)
	}
	for _, rank := range []string{"earliest", "best"} {
		b.Run(rank, func(b *testing.B) {
			body := `{"resourceType":"Parameters","parameter":[{"name":"start","valueDateTime":"2026-03-03T00:00:00-05:00"},{"name":"end","valueDateTime":"2026-04-02T00:00:00-04:00"},{"name":"rank","valueCode":"` + rank + `"}` + who.String() + `]}`
			var times []time.Duration
			for b.Loop() {
				began := time.Now()
				status, text := p.do("POST", "/Appointment/$find", body)
				times = append(times, time.Since(began))
				if status != 200 || !strings.Contains(text, `"total":`) || strings.Contains(text, `"total":0,`) {
					b.Fatalf("%d %.300s", status, text)
				}
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
