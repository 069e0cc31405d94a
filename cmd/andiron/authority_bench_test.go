package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/rules"
	"andiron.dev/fhir/server"
	"andiron.dev/smart"
	"andiron.dev/smart/account"
	"andiron.dev/smart/authserver"
)

// BenchmarkAuthorization compares point reads over HTTP, eight connections: without authorization, with a token of the system and with
// one for a patient, and with the audit trail besides.
func BenchmarkAuthorization(b *testing.B) {
	f := serverFlags{storeFlags: storeFlags{Store: "sqlite:" + b.TempDir(), Cache: 24}, MaxEntries: 5000, MaxBody: 8, MaxBundle: 32, RequestTimeout: time.Minute}
	f.Addr = "127.0.0.1:0"
	st, err := f.open()
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	quiet := slog.New(slog.DiscardHandler)
	a, err := f.authority(st, "", quiet)
	if err != nil {
		b.Fatal(err)
	}
	defer a.close()
	const observations = 500
	srv, err := f.assemble(st, a, "", quiet)
	if err != nil {
		b.Fatal(err)
	}
	ctx := smart.System(b.Context())
	put := func(typ, id, rest string) {
		r, err := fhir.ParseResource(fmt.Sprintf(`{"resourceType":"%s","id":"%s",%s}`, typ, id, rest), fhir.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := srv.Handler().Serve(ctx, &fhir.Request{Interaction: fhir.Update, Type: typ, ID: id, Resource: r}); err != nil {
			b.Fatal(err)
		}
	}
	put("Patient", "p1", `"gender":"female"`)
	for i := range observations {
		put("Observation", fmt.Sprint("o", i), `"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],`+
			`"code":{"coding":[{"system":"http://loinc.org","code":"8867-4","display":"Heart rate"}]},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2024-05-01T10:00:00Z",`+
			`"valueQuantity":{"value":72,"unit":"beats/minute","system":"http://unitsofmeasure.org","code":"/min"}`)
	}
	if _, err := a.accounts.Add(ctx, account.System("bench"), account.NewUser{Username: "doc", Password: demoPassword, Roles: []string{"practitioner"}}); err != nil {
		b.Fatal(err)
	}
	clients := &authserver.Clients{Store: st, Now: time.Now}
	token := func(d authserver.Development) string {
		d.TTL = time.Hour
		issued, err := clients.IssueDevelopment(ctx, d)
		if err != nil {
			b.Fatal(err)
		}
		return issued.AccessToken
	}
	system, patient, user := token(authserver.Development{Scope: "system/*.cruds"}), token(authserver.Development{Scope: "patient/*.rs", Patient: "p1"}),
		token(authserver.Development{Scope: "user/*.rs", User: "doc"})
	config := func(edit func(*server.Config)) *httptest.Server {
		c := server.Config{Store: st, Spec: st.spec, Params: st.params, Log: quiet}
		edit(&c)
		s, err := server.New(c)
		if err != nil {
			b.Fatal(err)
		}
		return httptest.NewServer(s)
	}
	keeping := rules.New(st, smart.System)
	unaudited, err := smart.New(smart.Config{Store: keeping.Store(), Spec: st.spec, Params: st.params})
	if err != nil {
		b.Fatal(err)
	}
	off := config(func(*server.Config) {})
	defer off.Close()
	authorized := config(func(c *server.Config) { c.Guard, c.Rules, c.Authority = unaudited, keeping, a.server })
	defer authorized.Close()
	audited := httptest.NewServer(srv)
	defer audited.Close()
	for _, mode := range []struct {
		name, url, token string
	}{
		{"off", off.URL, ""}, {"system", authorized.URL, system}, {"patient", authorized.URL, patient}, {"user", authorized.URL, user},
		{"system-audited", audited.URL, system}, {"patient-audited", audited.URL, patient},
	} {
		b.Run(mode.name, func(b *testing.B) {
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}
			defer client.CloseIdleConnections()
			var next atomic.Int64
			b.SetParallelism(4)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					req, _ := http.NewRequest(http.MethodGet, fmt.Sprintf("%s/fhir/Observation/o%d", mode.url, next.Add(1)%observations), nil)
					if mode.token != "" {
						req.Header.Set("Authorization", "Bearer "+mode.token)
					}
					resp, err := client.Do(req)
					if err != nil {
						b.Error(err)
						return
					}
					_, _ = io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
					if resp.StatusCode != http.StatusOK {
						b.Errorf("%s", resp.Status)
						return
					}
				}
			})
		})
	}
}
