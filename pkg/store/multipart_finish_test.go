package store_test

import (
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
)

// TestMissingPartsAreToldWithinBounds: a client that expects a thousand million parts learns how many are missing and which are the first.
func TestMissingPartsAreToldWithinBounds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.inPieces(t)
	f.mustPut(t, p, 1, "x")
	_, err := f.store.FinishMultipart(t.Context(), p.ID, 1_000_000_000)
	problem := fault.Of(err)
	missing, _ := problem.Details["missing"].([]int)
	if len(missing) != 100 || missing[0] != 2 || problem.Details["missing_count"] != 999_999_999 {
		t.Errorf("%d are told, %v are missing: %v", len(missing), problem.Details["missing_count"], err)
	}
}

// TestUploadsDoomedByOthersAreFound: a janitor of the release before knows no uploads in pieces and gives one up long before its time.
func TestUploadsDoomedByOthersAreFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.inPieces(t)
	f.exec(t, `UPDATE xforce.tasks SET is_active = FALSE`)
	if abandoned, err := f.store.AbandonedUploads(t.Context(), time.Hour); err != nil || len(abandoned) != 1 {
		t.Errorf("abandoned: %v, %v", abandoned, err)
	}
}

// TestAPieceThatComesWhileTheUploadGoes is left to the janitor: the abort has happened.
func TestAPieceThatComesWhileTheUploadGoes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.inPieces(t)
	f.exec(t, `CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO xforce.upload_pieces (task_id, version, seq, byte_count, payload) VALUES (OLD.task_id, gen_random_uuid(), 0, 0, '');
  RETURN OLD; END $$`)
	f.exec(t, `CREATE TRIGGER late BEFORE DELETE ON xforce.tasks FOR EACH ROW EXECUTE FUNCTION late()`)
	if err := f.store.DropMultipart(t.Context(), p); err != nil {
		t.Errorf("the abort failed: %v", err)
	}
	f.exec(t, `DROP TRIGGER late ON xforce.tasks`)
	if err := f.store.DropUpload(t.Context(), p.ID); err != nil || f.count(t, `SELECT count(*) FROM xforce.tasks`) != 0 {
		t.Errorf("the janitor did not end it: %v", err)
	}
}
