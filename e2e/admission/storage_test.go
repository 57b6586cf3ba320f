package admission_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/stack"
)

const (
	// maxStorage is the limit of the schema in the test of the storage.
	maxStorage = 24 << 20
	// storageLimit is the longest time until the storage is full, or has room again.
	storageLimit = 3 * time.Minute
)

// TestStorageFull fills the storage: new bodies get 507, while polls, cancels, searches and work that
// was accepted before go on. When operations are deleted, bodies are accepted again.
func TestStorageFull(t *testing.T) {
	s := stack.Start(t, stack.Options{Reporters: stack.None, Env: []string{fmt.Sprintf("LONGSHORE_MAX_XFORCE_BYTES=%d", maxStorage)}})
	unfinished, emptied := startUpload(t, s), startUpload(t, s)
	putPart(t, unfinished, "1", record("part"), http.StatusCreated)
	full := fill(t, s)

	checkStorageFull(t, s, http.MethodPost, "/api/tools/import", record("late"))
	checkStorageFull(t, s, http.MethodPost, "/api/tools/import:upload-start", "")
	checkStorageFull(t, s, http.MethodPut, strings.ReplaceAll(emptied.Parts, "{n}", "1"), record("late"))
	for _, id := range full {
		if status, text := send(t, s, http.MethodGet, "/operations/"+id, ""); status != http.StatusOK {
			t.Errorf("GET of an operation = %d %s with full storage, want 200", status, text)
		}
	}
	if status, text := send(t, s, http.MethodPost, "/search", `{"limit":1}`); status != http.StatusCreated && status != http.StatusAccepted {
		t.Errorf("POST of a search = %d %s with full storage, want 201 or 202", status, text)
	}
	if status, text := sendTo(t, http.MethodDelete, emptied.Upload, ""); status != http.StatusNoContent {
		t.Errorf("DELETE of an upload = %d %s with full storage, want 204", status, text)
	}
	finished := finishUpload(t, unfinished)
	for _, id := range append(full, finished) {
		awaitSuccess(t, s, id)
	}

	for _, id := range full {
		if status, text := send(t, s, http.MethodDelete, "/operations/"+id, ""); status != http.StatusNoContent {
			t.Errorf("DELETE of an operation = %d %s with full storage, want 204", status, text)
		}
	}
	await.Until(t, storageLimit, "room for another import", func() bool {
		s.Exec(`VACUUM`)
		status, _, _ := sendNDJSON(t, http.MethodPost, s.Client().Base()+"/api/tools/import", record("again"))
		return status == http.StatusAccepted
	})
}

// fill imports the same records with other texts until the storage is full, and returns the
// operations. The texts are so long that Postgres stores them apart from their rows.
func fill(t *testing.T, s *stack.Stack) (ids []string) {
	t.Helper()
	await.Until(t, storageLimit, "full storage", func() bool {
		var body strings.Builder
		for n := 0; body.Len() < 4<<20; n++ {
			body.WriteString(recordOf(fmt.Sprintf("fill-%d", n), 5000))
		}
		status, header, text := sendNDJSON(t, http.MethodPost, s.Client().Base()+"/api/tools/import", body.String())
		if status == http.StatusInsufficientStorage {
			return true
		}
		if status != http.StatusAccepted {
			t.Fatalf("POST = %d %s, want 202 or 507", status, text)
		}
		ids = append(ids, idOf(header))
		return false
	})
	return ids
}

func checkStorageFull(t *testing.T, s *stack.Stack, method, address, body string) {
	t.Helper()
	if strings.HasPrefix(address, "/") {
		address = s.Client().Base() + address
	}
	status, header, text := sendNDJSON(t, method, address, body)
	if status != http.StatusInsufficientStorage || header.Get("Retry-After") != "60" || !strings.Contains(text, "urn:longshore:problem:storage-full") {
		t.Errorf("%s %s = %d %v %s, want 507 storage-full with Retry-After: 60", method, address, status, header, text)
	}
}

// upload has the addresses of a multipart upload.
type upload struct{ Upload, Parts, Finish string }

func startUpload(t *testing.T, s *stack.Stack) (u upload) {
	t.Helper()
	status, _, text := sendNDJSON(t, http.MethodPost, s.Client().Base()+"/api/tools/import:upload-start", "")
	if err := json.Unmarshal([]byte(text), &u); err != nil || status != http.StatusCreated {
		t.Fatalf("upload-start = %d %s, want 201", status, text)
	}
	return u
}

func putPart(t *testing.T, u upload, number, body string, want int) {
	t.Helper()
	status, _, text := sendNDJSON(t, http.MethodPut, strings.ReplaceAll(u.Parts, "{n}", number), body)
	if status != want {
		t.Fatalf("PUT of a part = %d %s, want %d", status, text, want)
	}
}

// finishUpload finishes an upload and returns the operation's id.
func finishUpload(t *testing.T, u upload) (id string) {
	t.Helper()
	status, header, text := sendNDJSON(t, http.MethodPost, u.Finish, "")
	if status != http.StatusAccepted {
		t.Fatalf("upload-finish = %d %s with full storage, want 202", status, text)
	}
	return idOf(header)
}
