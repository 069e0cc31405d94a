package outbound_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"andiron.dev/smart/outbound"
)

// TestDelivery: http and every port are open in the networks that are allowed and nowhere else, and a host that fails is called again.
func TestDelivery(t *testing.T) {
	called := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		called++
		w.WriteHeader(http.StatusInternalServerError)
	}))
	defer s.Close()
	client := outbound.New(outbound.Options{Delivery: true, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	for range 20 {
		resp, err := client.Post(s.URL, "text/plain", nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	if called != 20 {
		t.Errorf("a host that fails was called %d times of 20", called)
	}
	for url, want := range map[string]bool{
		s.URL: true, "http://127.0.0.1/": true, "https://127.0.0.1:8000/": true, "http://10.0.0.1/": false, "http://1.1.1.1/": false, "https://1.1.1.1:444/": false, "https://1.1.1.1/": true,
		"http://nobody.invalid/": false, "https://nobody.invalid/": true, "http://[::1]/": false,
	} {
		if err := outbound.Resolve(t.Context(), client, url); (err == nil) != want {
			t.Errorf("%s: %v", url, err)
		}
	}
	closed := outbound.New(outbound.Options{Delivery: true})
	if _, err := closed.Get(s.URL); err == nil {
		t.Error("this machine is reached, and nobody has allowed it")
	}
}
