package main

import (
	"strings"
	"testing"

	"andiron.dev/fhir/store/mongo/replica"
)

// TestClusterRefuses: what a server says that is not let in to its cluster helps, and tells no credentials.
func TestClusterRefuses(t *testing.T) {
	_, keys := clusterArgs(t)
	s, err := replica.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	s.Access = &replica.Access{Users: map[string]string{"anneliese": "geheim"}}
	s.Access.Denied = func(_ string, c replica.Command) bool { return c.Name == "create" }
	as := func(who string) string {
		return strings.Replace(s.URI(), "mongodb://", "mongodb://"+who, 1) + "&authSource=admin"
	}
	for _, test := range []struct{ store, want string }{
		{"mongodb://anneliese:geheim@127.0.0.1:1/?replicaSet=rs0", "no server of the cluster at mongodb://127.0.0.1:1/"},
		{as("anneliese:falsch@"), "does not take the user and the password"},
		{s.URI(), "the URI names no user"},
		{as("anneliese:geheim@"), "readWrite"},
		{as("anneliese:ge%zzheim@"), "percent-encoded"},
	} {
		status, out, stderr := command("serve", "--auth", "off", "--addr", "127.0.0.1:0", "--store", test.store, "--mongo-timeout", "300ms", "--secret-key-file", keys)
		if status != 1 || !strings.Contains(stderr, test.want) {
			t.Errorf("%s: status %d: %s", test.want, status, stderr)
		}
		for _, secret := range []string{"anneliese", "geheim", "falsch", "zzheim"} {
			if strings.Contains(out+stderr, secret) {
				t.Errorf("%s: it tells %q: %s%s", test.want, secret, out, stderr)
			}
		}
	}
}
