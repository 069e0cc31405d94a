package main

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// canary stands for what nobody may find in a log: a token, a password, a name.
const canary = "Quxleycanary"

// spoken is all that a process has written so far.
type spoken struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *spoken) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// overheard starts a server whose every word is kept, and returns its base.
func overheard(t *testing.T, args ...string) (*spoken, *exec.Cmd, string) {
	t.Helper()
	said := &spoken{}
	cmd := program(t, append(args, "--addr", "127.0.0.1:0")...)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for line := range strings.Lines(said.String()) {
			var record struct{ Msg, URL string }
			if json.Unmarshal([]byte(line), &record) == nil && record.Msg == "listening" {
				return said, cmd, record.URL
			}
		}
	}
	t.Fatalf("the server does not listen: %s", said.String())
	return nil, nil, ""
}

// TestNothingOfTheRequestIsLogged drives good and bad requests with the canary in every place where a client can put something, and looks for
// it in all that the server says (SEC-13).
func TestNothingOfTheRequestIsLogged(t *testing.T) {
	modes := []string{"off"}
	if status, _, _ := command("check", "--auth", "smart", "--store", "sqlite:"+filepath.Join(t.TempDir(), "none")); status == 0 {
		modes = append(modes, "smart")
	}
	for _, mode := range modes {
		for _, scheme := range []string{"http", "https"} {
			t.Run(mode+" "+scheme, func(t *testing.T) { listenForCanary(t, mode, scheme) })
		}
	}
}

func listenForCanary(t *testing.T, mode, scheme string) {
	dir := t.TempDir()
	args := []string{"serve", "--store", "sqlite:" + filepath.Join(dir, "store"), "--auth", mode, "--trusted-proxy", "127.0.0.1"}
	if scheme == "https" {
		cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		issue(t, cert, key, "localhost")
		args = append(args, "--tls-cert", cert, "--tls-key", key)
	}
	said, cmd, base := overheard(t, args...)
	words, voices := secrets(), chatter()
	if mode == "smart" { // a token that is good
		status, out, stderr := command("token", "issue", "--store", args[2], "--scope", "system/*.cruds", "--json")
		var issued struct {
			Token string `json:"access_token"`
		}
		if err := json.Unmarshal([]byte(out), &issued); status != 0 || err != nil || len(issued.Token) < 20 {
			t.Fatalf("%d %s %s", status, out, stderr)
		}
		words = append(words, issued.Token, issued.Token[len(issued.Token)-12:])
		voices = append(voices, map[string]string{"Authorization": "Bearer " + issued.Token}, map[string]string{"Authorization": "Bearer " + issued.Token, "If-Match": canary, "X-Request-Id": canary + " x"})
	}
	client := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       30 * time.Second,
	}
	sent, codes := 0, map[int]int{}
	for _, q := range talk(base) {
		for _, headers := range voices {
			r, err := http.NewRequest(q.method, q.url, strings.NewReader(q.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", q.media)
			for name, value := range headers {
				r.Header.Set(name, value)
			}
			resp, err := client.Do(r)
			if err != nil {
				t.Errorf("%s %s: %v", q.method, q.url, err)
				continue
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if strings.HasPrefix(q.url, base) && !strings.Contains(q.url, "/.well-known/") {
				sent++
			}
			codes[resp.StatusCode]++
			if resp.StatusCode >= 500 {
				t.Errorf("%s %s %.100s %v: %d", q.method, q.url, q.body, headers, resp.StatusCode)
			}
		}
	}
	mutter(t, base, scheme)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	log := said.String()
	if got := strings.Count(log, `"msg":"request"`); got < sent {
		t.Errorf("%d requests, %d lines of log: the test looks at nothing", sent, got)
	}
	if mode == "smart" && codes[201]+codes[200] < 20 || codes[400] == 0 {
		t.Errorf("hardly anything was answered: %v", codes)
	}
	t.Logf("%d requests to the base, and in all %v", sent, codes)
	for _, word := range words {
		if i := strings.Index(log, word); i >= 0 {
			t.Errorf("the server says %q: %s", word, log[max(0, i-300):min(len(log), i+100)])
		}
	}
}

// secrets are the forms in which the canary could show.
func secrets() []string {
	b := base64.StdEncoding.EncodeToString([]byte(canary))
	return []string{canary, strings.ToLower(canary), strings.ToUpper(canary), b[:12], fmt.Sprintf("%x", canary), "203.0.113.250:"}
}

// question is a request without its headers.
type question struct{ method, url, body, media string }

const (
	formMedia = "application/x-www-form-urlencoded"
	fhirMedia = "application/fhir+json"
)

// talk is what is asked.
func talk(base string) []question {
	root := strings.TrimSuffix(base, "/fhir")
	patient := `{"resourceType":"Patient","id":"` + canary + `","name":[{"family":"` + canary + `"}],"identifier":[{"system":"urn:x","value":"` + canary + `"}]}`
	list := []question{
		{"PUT", base + "/Patient/" + canary, patient, fhirMedia}, {"POST", base + "/Patient", patient, fhirMedia}, {"GET", base + "/Patient/" + canary, "", ""}, {"DELETE", base + "/Patient/" + canary, "", ""},
		{"PUT", base + "/Patient?identifier=" + canary, patient, fhirMedia}, {"POST", base + "/Patient", `{"resourceType":"Patient","birthDate":"` + canary + `"}`, fhirMedia}, {"POST", base + "/Patient", `{"` + canary, fhirMedia},
		{"PATCH", base + "/Patient/" + canary, `[{"op":"` + canary + `"}]`, "application/json-patch+json"}, {"POST", base + "/Binary", canary, "text/" + canary}, {"POST", base + "/Patient/_search", "name=" + canary + "&x=" + canary, formMedia},
		{"GET", base + "/Patient?name=" + canary + "&birthdate=" + canary + "&_include=" + canary + "&access_token=" + canary, "", ""}, {"GET", base + "/Patient?_cursor=" + canary, "", ""}, {"GET", base + "/" + canary + "/" + canary + "?" + canary, "", ""}, {"GET", base + "/$" + canary, "", ""},
		{"POST", base, `{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"` + canary + `","resource":` + patient + `,"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=` + canary + `"}}]}`, fhirMedia},
		{"POST", base, `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient?name=` + canary + `"}}]}`, fhirMedia},
		{"GET", base + "/metadata?" + canary + "=" + canary, "", ""}, {"GET", base + "/.well-known/smart-configuration?" + canary, "", ""}, {"GET", root + "/" + canary, "", ""}, {"GET", root + "/healthz?" + canary, "", ""}, {"GET", base + "/Patient?a=1;b=" + canary, "", ""},
	}
	jwt := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS384","kid":"`+canary+`","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"`+canary+`","sub":"`+canary+`"}`)) + "." + canary
	for _, form := range []url.Values{
		{"grant_type": {"authorization_code"}, "code": {canary}, "code_verifier": {canary}, "redirect_uri": {"https://" + canary + ".example.org/"}, "client_id": {canary}, "client_secret": {canary}},
		{"grant_type": {"refresh_token"}, "refresh_token": {canary}, "client_id": {canary}}, {"grant_type": {canary}}, {"grant_type": {"password"}, "username": {canary}, "password": {canary}},
		{"grant_type": {"client_credentials"}, "scope": {canary}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {jwt}},
		{"token": {canary}, "token_type_hint": {canary}, "client_id": {canary}}, {"username": {canary}, "password": {canary}, "csrf": {canary}, "otp": {canary}}, {"scope": {canary}, "decision": {"allow"}, "csrf": {canary}},
	} {
		for _, path := range []string{"token", "introspect", "revoke", "login", "consent", "launch", "register", "manage", "logout", "setup", "authorize"} {
			list = append(list, question{"POST", root + "/auth/" + path, form.Encode(), formMedia})
		}
	}
	for _, path := range []string{"authorize", "login", "consent", "manage", "setup", "callback", "jwks", canary} {
		list = append(list, question{"GET", root + "/auth/" + path + "?response_type=code&client_id=" + canary + "&redirect_uri=https://" + canary + ".example.org&state=" + canary + "&launch=" + canary + "&code=" + canary + "&token=" + canary + "&next=" + canary + "&aud=" + url.QueryEscape(base), "", ""})
	}
	return append(list, question{"POST", root + "/auth/register", `{"client_name":"` + canary + `","redirect_uris":["https://` + canary + `.example.org"]}`, "application/json"})
}

// chatter is what is said beside.
func chatter() []map[string]string {
	return []map[string]string{
		{}, {"Authorization": "Bearer " + canary}, {"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(canary+":"+canary))}, {"Authorization": canary}, {"Cookie": "__Host-sid=" + canary + "; sid=" + canary + "; " + canary},
		{"X-Request-Id": "Mr " + canary, "X-Correlation-Id": "Mr " + canary, "User-Agent": canary, "Referer": "https://" + canary + ".example.org/" + canary, "DPoP": canary, "X-Forwarded-For": canary + ", 203.0.113.250:99", "X-Forwarded-Host": canary},
		{"Accept": "text/" + canary, "Prefer": "return=" + canary, "If-Match": canary, "If-None-Exist": "identifier=" + canary, "Forwarded": "for=" + canary + ";host=" + canary}, {"Origin": "https://" + canary + ".example.org", "Content-Encoding": canary},
	}
}

// mutter sends what is no proper HTTP: what net/http says of it goes to the log, too.
func mutter(t *testing.T, base, scheme string) {
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range []string{
		canary + "\r\n\r\n", "GET /" + canary + " HTTP/9.9\r\n\r\n", "GET /fhir/%zz" + canary + " HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /fhir HTTP/1.1\r\nHost: localhost\r\n" + canary + "\r\n\r\n",
		"GET /fhir HTTP/1.1\r\nHost: " + canary + " x\r\n\r\n", "POST /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + canary + "\r\n\r\n", "POST /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{" + canary,
		"GET /fhir?" + strings.Repeat(canary, 5000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", "\x16\x03\x01\x02\x00" + canary,
	} {
		for _, wrapped := range []bool{false, true} {
			if wrapped && scheme == "http" {
				continue
			}
			c, err := net.Dial("tcp", u.Host)
			if err != nil {
				t.Fatal(err)
			}
			if wrapped {
				c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
			}
			_, _ = io.WriteString(c, raw)
			_ = c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	}
}
