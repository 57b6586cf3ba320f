package signin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/signin/provider"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// timeout bounds what a test waits for.
const timeout = 30 * time.Second

// issuer is a running provider.
type issuer struct {
	URL     string // with a slash at the end, as in its tokens
	address string
	process *exec.Cmd
}

// startIssuer starts a provider in a process of its own until the end of the test.
func startIssuer(t *testing.T) *issuer {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	i := &issuer{URL: "http://" + address + "/", address: address}
	t.Cleanup(i.stop)
	i.start(t)
	return i
}

func (i *issuer) start(t *testing.T) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	i.process = exec.CommandContext(context.Background(), program)
	i.process.Env = append(os.Environ(), providerVariable+"="+i.address)
	if err := i.process.Start(); err != nil {
		t.Fatal(err)
	}
	await.Until(t, timeout, "the provider", func() bool {
		answer, err := http.Get(i.URL + ".well-known/openid-configuration") //nolint:noctx // of this machine
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

// stop kills the provider.
func (i *issuer) stop() {
	_ = i.process.Process.Kill()
	_ = i.process.Wait()
}

// rotate makes the provider use a new key.
func (i *issuer) rotate(t *testing.T) {
	t.Helper()
	answer, err := http.Post(strings.TrimSuffix(i.URL, "/")+provider.RotatePath, "", nil) //nolint:noctx // of this machine
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
}

// token gets an access token of the service.
func (i *issuer) token(t *testing.T) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, i.URL+"oauth/token",
		strings.NewReader(url.Values{"grant_type": {"client_credentials"}, "scope": {"openid"}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(provider.ServiceID, provider.ServiceSecret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil || got.Token == "" {
		t.Fatalf("the provider's answer has no token: %s, %v", answer.Status, err)
	}
	return got.Token
}

// env returns the variables of services that accept the tokens of the provider.
func (i *issuer) env() []string {
	return []string{
		"LONGSHORE_AUTH=on", "LONGSHORE_OIDC_ISSUER=" + i.URL, "LONGSHORE_OIDC_AUDIENCE=" + provider.ServiceID + "," + provider.ClientID,
		"LONGSHORE_OIDC_TENANT_CLAIM=org", "LONGSHORE_OIDC_BUNDLES=loaders=importer,admins=admin",
		"LONGSHORE_OIDC_CLIENT_ID=" + provider.ClientID, "LONGSHORE_OIDC_CLIENT_SECRET=" + provider.ClientSecret,
	}
}

func send(t *testing.T, s *stack.Stack, method, path, credential string, content []byte) *client.Response {
	t.Helper()
	body := client.RequestBody{Content: content, Header: http.Header{}}
	if content != nil {
		body.Type = "application/json"
	}
	if credential != "" {
		body.Header.Set("Authorization", "Bearer "+credential)
	}
	response, err := s.Client().Do(t.Context(), method, path, body)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func expect(t *testing.T, what string, got *client.Response, status int, code string) {
	t.Helper()
	if got.Status != status || code != "" && !strings.Contains(string(got.Body), "urn:longshore:problem:"+code+`"`) {
		t.Errorf("%s = %d %s, want %d %s", what, got.Status, got.Body, status, code)
	}
}

// TestIssuer: a program imports with the tokens of a real provider, whose keys change, and which is away
// for a while.
func TestIssuer(t *testing.T) {
	t.Parallel()
	i := startIssuer(t)
	s := stack.Start(t, stack.Options{Env: i.env()})
	first := i.token(t)
	expect(t, "GET /me", send(t, s, http.MethodGet, "/me", first, nil), http.StatusOK, "")
	me := send(t, s, http.MethodGet, "/me", first, nil)
	if want := fmt.Sprintf(`{"kind":"oidc","id":"oidc:%s","tenant":"acme","actions":[`, provider.ServiceID); !strings.HasPrefix(string(me.Body), want) {
		t.Errorf("GET /me = %s, want %s…", me.Body, want)
	}
	accepted := send(t, s, http.MethodPost, "/api/tools/import", first, tool.SampleJSON)
	expect(t, "an import", accepted, http.StatusAccepted, "")
	_, path, _ := strings.Cut(accepted.Header.Get("Operation-Location"), "/operations/")
	await.Until(t, timeout, "the end of the import", func() bool {
		return strings.Contains(string(send(t, s, http.MethodGet, "/operations/"+path, first, nil).Body), `"Succeeded"`)
	})
	if got := s.Number(`SELECT count(*) FROM xforce.tasks WHERE tenant = 'acme' AND principal = 'oidc:' || $1`, provider.ServiceID); got != 1 {
		t.Errorf("the token's principal has %d operations in its tenant, want 1", got)
	}
	if got := s.Number(`SELECT count(*) FROM xforce.tasks t WHERE t::text LIKE '%' || $1 || '%'`, strings.Split(first, ".")[2]); got != 0 {
		t.Error("the signature of the token is stored, want none of it")
	}
	expect(t, "a search, which importers may not", send(t, s, http.MethodPost, "/search", first, []byte(`{"collection":"tools"}`)), http.StatusForbidden, "action-not-allowed")

	i.rotate(t)
	second := i.token(t)
	expect(t, "a token with a new key", send(t, s, http.MethodGet, "/me", second, nil), http.StatusOK, "")
	expect(t, "a token with a withdrawn key", send(t, s, http.MethodGet, "/me", first, nil), http.StatusUnauthorized, "credential-invalid")

	i.stop()
	expect(t, "a known key while the provider is away", send(t, s, http.MethodGet, "/me", second, nil), http.StatusOK, "")
	expect(t, "an unknown key while the provider is away", send(t, s, http.MethodGet, "/me", first, nil), http.StatusServiceUnavailable, "issuer-unavailable")
	i.start(t)
	third := i.token(t)
	await.Until(t, timeout, "the provider's new key", func() bool { return send(t, s, http.MethodGet, "/me", third, nil).Status == http.StatusOK })
}
