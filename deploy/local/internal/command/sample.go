package command

import (
	"fmt"
	"os"
)

// sampleVariable controls whether make run and make demo import the sample. Without it they import
// it into the Postgres that they start, and never into the database of DATABASE_URL.
const sampleVariable = "LONGSHORE_SAMPLE"

// sampleMode is the value of sampleVariable.
type sampleMode string

const (
	sampleDefault sampleMode = ""
	sampleYes     sampleMode = "yes"
	sampleNo      sampleMode = "no"
)

func readSampleMode() (sampleMode, error) {
	switch mode := sampleMode(os.Getenv(sampleVariable)); mode {
	case sampleDefault, sampleYes, sampleNo:
		return mode, nil
	default:
		return "", fmt.Errorf("%s is %q: use yes or no", sampleVariable, string(mode))
	}
}

// enabled reports whether the sample is imported. ownDatabase means that the launcher started the Postgres.
func (m sampleMode) enabled(ownDatabase bool) bool {
	return m == sampleYes || m == sampleDefault && ownDatabase
}
