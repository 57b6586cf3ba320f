package catalog_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/catalog"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

const definition = `{"x-longshore":{"table":"t1","key":["id"]},"properties":{"id":{}}}`

func put(t *testing.T, db *store.Store, tenant, name, definition string) int64 {
	t.Helper()
	v, _, err := db.ChangeCollection(t.Context(), tenant, name, func(store.CollectionVersion) (store.CollectionVersion, error) {
		next := store.CollectionVersion{CreatedBy: "test"}
		if definition != "" {
			next.Definition = json.RawMessage(definition)
		}
		return next, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return v.Version
}

// TestCatalog: a catalog has what is stored, sees changes, and finds earlier versions.
func TestCatalog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	db := storetest.Open(t, storetest.NewDatabase(t), store.Options{})
	first := put(t, db, "a", "things", definition)
	c, err := catalog.Open(t.Context(), db, true, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	want := func(tenant, name string, version int64, table string) {
		t.Helper()
		got, err := c.At(t.Context(), tenant, name, version)
		switch {
		case table == "" && !errors.Is(err, catalog.ErrUnknown):
			t.Errorf("At(%s, %s, %d) = %v, %v, want ErrUnknown", tenant, name, version, got, err)
		case table != "" && (err != nil || got.Table != table):
			t.Errorf("At(%s, %s, %d) = %v, %v, want the table %s", tenant, name, version, got, err, table)
		}
	}
	want("a", "things", 0, "t1")
	want("a", "things", first, "t1")
	want("b", "things", 0, "")
	want("a", "tools", 0, "xforce.tools")

	second := put(t, db, "a", "things", strings.Replace(definition, "t1", "t2", 1))
	want("a", "things", second, "t2") // not in force here yet
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	want("a", "things", 0, "t2")
	want("a", "things", first, "t1")
	want("a", "things", first, "t1")
	deleted := put(t, db, "a", "things", "")
	put(t, db, collection.Shared, "things", strings.Replace(definition, "t1", "shared", 1))
	put(t, db, "a", "broken", `{"x-longshore":{"table":"t1","key":["other"]},"properties":{"id":{}}}`)
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	want("a", "things", 0, "shared")
	want("a", "things", second, "t2")
	want("a", "things", deleted, "")
	want("a", "things", 999, "")
	want("a", "broken", 0, "")
	if text := log.String(); !strings.Contains(text, "can't read the stored collection") || !strings.Contains(text, "broken") {
		t.Errorf("log = %s, want an error about the collection broken", text)
	}
}
