package edgefaults_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// request is a valid request of a route.
type request struct {
	path string
	body client.RequestBody
}

// sample prepares a request, so that it succeeds once.
type sample func(*testing.T, *fixture) request

// samples contains the requests of each route, by its method and pattern.
var samples = map[string][]sample{
	"GET /": {fixed("/")},

	"POST /api/:collection/import":                  {func(*testing.T, *fixture) request { return importRequest }},
	"GET /api/:collection/import/status/:reference": {func(_ *testing.T, f *fixture) request { return get("/api/tools/import/status/" + f.done.reference) }},
	"POST /api/:collection/import:upload-start":     {func(*testing.T, *fixture) request { return uploadRequest }},
	"PUT /api/:collection/import/uploads/:upload/parts/:part": {func(t *testing.T, f *fixture) request {
		t.Helper()
		return request{f.upload(t) + "/parts/2", client.RequestBody{Content: tool.SampleJSON}}
	}},
	"GET /api/:collection/import/uploads/:upload":    {withUpload("")},
	"DELETE /api/:collection/import/uploads/:upload": {withUpload("")},
	"POST /api/:collection/import/uploads/:upload":   {withUpload(":upload-finish")},

	"GET /operations": {fixed("/operations?kind=import")},
	"GET /operations/:id/records": {func(_ *testing.T, f *fixture) request {
		return get("/operations/" + f.done.id + "/records?outcome=created")
	}},
	"GET /operations/:id/events": {func(_ *testing.T, f *fixture) request { return get("/operations/" + f.done.id + "/events") }},
	"GET /operations/:id":        {withImport("/operations/{id}")},
	"POST /operations/:id":       {withImport("/operations/{id}:cancel")},
	"DELETE /operations/:id":     {withImport("/operations/{id}"), withCancelled("/operations/{id}")},
	"GET /status/:id":            {withImport("/status/{id}")},
	"POST /status/:id":           {withImport("/status/{id}:cancel")},
	"DELETE /status/:id":         {withImport("/status/{id}")},

	"GET /v1/operations":        {fixed("/v1/operations")},
	"GET /v1/operations/:id":    {withImport("/v1/operations/{id}")},
	"POST /v1/operations/:id":   {withImport("/v1/operations/{id}:cancel")},
	"DELETE /v1/operations/:id": {withCancelled("/v1/operations/{id}")},

	"GET /tasks/:task": {
		withImport("/tasks/{number}"), withImport("/tasks/{number}?cancel=true"), withCancelled("/tasks/{number}?prune=true"),
	},
	"DELETE /tasks/:task": {withImport("/tasks/{number}")},
	"GET /tasks":          {fixed("/tasks")},
	"GET /tasks/":         {fixed("/tasks/")},
	"GET /tasks.json":     {fixed("/tasks.json")},
	"GET /tasks.xml":      {fixed("/tasks.xml")},

	"POST /search": {func(*testing.T, *fixture) request { return searchRequest }},
	"GET /search/status/:id": {func(t *testing.T, f *fixture) request {
		t.Helper()
		return get("/search/status/" + f.submit(t, searchRequest).id)
	}},
	"DELETE /search/status/:id": {func(t *testing.T, f *fixture) request {
		t.Helper()
		return get("/search/status/" + f.submit(t, searchRequest).id)
	}},

	"POST /start-report": {func(*testing.T, *fixture) request { return reportRequest }},
	"GET /report-status/:number": {func(t *testing.T, f *fixture) request {
		t.Helper()
		return get("/report-status/" + f.submit(t, reportRequest).number)
	}},
	"DELETE /report-status/:number": {func(t *testing.T, f *fixture) request {
		t.Helper()
		return get("/report-status/" + f.submit(t, reportRequest).number)
	}},
	"POST /keys": {func(*testing.T, *fixture) request { return keyRequest }},
	"GET /keys":  {fixed("/keys")},
	"DELETE /keys/:key": {func(t *testing.T, f *fixture) request {
		t.Helper()
		var made struct{ ID string }
		if err := json.Unmarshal(f.mustDo(t, http.MethodPost, keyRequest).Body, &made); err != nil {
			t.Fatal(err)
		}
		return get("/keys/" + made.ID)
	}},
	"DELETE /tokens/:token": {func(t *testing.T, f *fixture) request {
		t.Helper()
		var made struct{ ID string }
		if err := json.Unmarshal(f.mustDo(t, http.MethodPost, tokenRequest).Body, &made); err != nil {
			t.Fatal(err)
		}
		return get("/tokens/" + made.ID)
	}},
	"POST /tokens": {func(*testing.T, *fixture) request { return tokenRequest }},
	"GET /me":      {fixed("/me")},
	"GET /limits":  {fixed("/limits")},

	"GET /collections":             {fixed("/collections")},
	"GET /collections/:collection": {fixed("/collections/tools")},
	"PUT /collections/:collection": {func(*testing.T, *fixture) request { return collectionRequest(uuid.NewString()) }},
	"DELETE /collections/:collection": {func(t *testing.T, f *fixture) request {
		t.Helper()
		r := collectionRequest(uuid.NewString())
		f.mustDo(t, http.MethodPut, r)
		return get(r.path)
	}},
	"POST /collections/:collection": {fixed("/collections/tools:check")},
	"POST /collections:infer":       {func(*testing.T, *fixture) request { return inferRequest }},
	"GET /audit":                    {fixed("/audit?action=search")},
	"POST /sessions":                {func(t *testing.T, f *fixture) request { t.Helper(); return request{"/sessions", f.withKey(t)} }},
	"DELETE /sessions/current": {func(t *testing.T, f *fixture) request {
		t.Helper()
		var made struct{ Session string }
		if err := json.Unmarshal(f.mustDo(t, http.MethodPost, request{"/sessions", f.withKey(t)}).Body, &made); err != nil {
			t.Fatal(err)
		}
		return request{"/sessions/current", bearer(made.Session)}
	}},

	"GET /reports/:file": {func(_ *testing.T, f *fixture) request { return get(f.file) }},
}

var (
	importRequest = request{"/api/tools/import", client.RequestBody{Type: "application/json", Content: tool.SampleJSON}}
	uploadRequest = request{"/api/tools/import:upload-start", client.RequestBody{Type: "application/json"}}
	searchRequest = request{"/search", client.RequestBody{Type: "application/json", Content: []byte(`{"collection":"tools"}`)}}
	keyRequest    = request{"/keys", client.RequestBody{Type: "application/json", Content: []byte(`{"bundle":"viewer"}`)}}
	inferRequest  = request{"/collections:infer", client.RequestBody{Type: "application/json", Content: []byte(`{"table":"xforce.tools"}`)}}
	tokenRequest  = request{"/tokens", client.RequestBody{Type: "application/json", Content: []byte(`{"actions":["search"]}`)}}
	reportRequest = request{"/start-report", client.RequestBody{}}
)

// collectionRequest returns a request that stores a collection over the table of the tools.
func collectionRequest(id string) request {
	const definition = `{"x-longshore":{"table":"xforce.tools","key":["tool_id"]},"properties":{"tool_id":{},"tool_name":{},"category":{}}}`
	return request{"/collections/c-" + id, client.RequestBody{Type: "application/json", Content: []byte(definition)}}
}

// bearer returns a request without a body and with a credential.
func bearer(credential string) client.RequestBody {
	return client.RequestBody{Header: http.Header{"Authorization": {"Bearer " + credential}}}
}

func get(path string) request { return request{path: path} }

func fixed(path string) sample { return func(*testing.T, *fixture) request { return get(path) } }

// withUpload returns requests of an upload with one part.
func withUpload(suffix string) sample {
	return func(t *testing.T, f *fixture) request { t.Helper(); return get(f.upload(t) + suffix) }
}

// withImport returns requests of an unfinished import.
func withImport(pattern string) sample {
	return func(t *testing.T, f *fixture) request {
		t.Helper()
		return get(f.submit(t, importRequest).address(pattern))
	}
}

// withCancelled returns requests of a cancelled import.
func withCancelled(pattern string) sample {
	return func(t *testing.T, f *fixture) request {
		t.Helper()
		op := f.submit(t, importRequest)
		f.mustDo(t, http.MethodPost, get(op.address("/operations/{id}:cancel")))
		return get(op.address(pattern))
	}
}

// fixture is a stack in which work is finished before the test, and nothing is processed meanwhile.
type fixture struct {
	*stack.Stack

	done names  // a finished import
	file string // the path of a report's file
}

// names are the names of an operation.
type names struct{ id, number, reference string }

func (n names) address(pattern string) string {
	return strings.NewReplacer("{id}", n.id, "{number}", n.number).Replace(pattern)
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{Stack: stack.Start(t, stack.Options{Proxied: []string{"api"}, Env: []string{"LONGSHORE_SEARCH_MOMENT=1ms"}})}
	f.done = f.submit(t, importRequest)
	report := f.submit(t, reportRequest)
	for _, op := range []names{f.done, report} {
		f.WaitFor(client.Accepted{ID: op.id, OperationLocation: f.Client().Base() + "/operations/" + op.id}, "Succeeded")
	}
	var status struct {
		Link string `json:"download_link"`
	}
	if err := json.Unmarshal(f.mustDo(t, http.MethodGet, get("/report-status/"+report.number)).Body, &status); err != nil {
		t.Fatal(err)
	}
	f.file = status.Link
	f.KillImporter(0)
	f.KillSearcher(0)
	f.KillReporter(0)
	return f
}

// resume starts the workers again, so that the operations of the test settle.
func (f *fixture) resume() { f.StartImporter(0); f.StartSearcher(0); f.StartReporter(0) }

func (f *fixture) mustDo(t *testing.T, method string, r request) *client.Response {
	t.Helper()
	response, err := f.Client().Do(t.Context(), method, r.path, r.body)
	if err != nil {
		t.Fatal(err)
	}
	if response.Status >= http.StatusBadRequest {
		t.Fatalf("%s %s without a fault = %d %s, want success", method, r.path, response.Status, response.Body)
	}
	return response
}

// withKey returns a request without a body and with a new key.
func (f *fixture) withKey(t *testing.T) client.RequestBody {
	t.Helper()
	var made struct{ Key string }
	if err := json.Unmarshal(f.mustDo(t, http.MethodPost, keyRequest).Body, &made); err != nil {
		t.Fatal(err)
	}
	return bearer(made.Key)
}

// submit starts an operation.
func (f *fixture) submit(t *testing.T, r request) names {
	t.Helper()
	id := path.Base(f.mustDo(t, http.MethodPost, r).Header.Get("Operation-Location"))
	op := names{id: id}
	var number int64
	err := f.DB().QueryRow(t.Context(), `SELECT number, task_reference FROM xforce.tasks WHERE task_id = $1`, id).Scan(&number, &op.reference)
	if err != nil {
		t.Fatal(err)
	}
	op.number = fmt.Sprint(number)
	return op
}

// upload starts an upload and sends one part. It returns the upload's path.
func (f *fixture) upload(t *testing.T) string {
	t.Helper()
	var started struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(f.mustDo(t, http.MethodPost, uploadRequest).Body, &started); err != nil || started.ID == "" {
		t.Fatalf("the start of an upload has no id: %v", err)
	}
	address := "/api/tools/import/uploads/" + started.ID
	f.mustDo(t, http.MethodPut, request{address + "/parts/1", client.RequestBody{Content: tool.SampleJSON}})
	return address
}

// state returns a digest of all operations and uploads, and of the parts.
func (f *fixture) state(t *testing.T) (digest string) {
	t.Helper()
	const query = `
SELECT coalesce((SELECT md5(string_agg(concat(task_id, status, is_active), ',' ORDER BY task_id)) FROM xforce.tasks
  WHERE status <> 'receiving' OR request IS NOT NULL AND is_active), '')
  || (SELECT count(*) FROM xforce.upload_parts JOIN xforce.tasks USING (task_id) WHERE is_active) -- the janitor deletes the others meanwhile`
	if err := f.DB().QueryRow(t.Context(), query).Scan(&digest); err != nil {
		t.Fatal(err)
	}
	return digest
}
