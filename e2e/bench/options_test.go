package main

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/e2e/bench/internal/corpus"
)

func servers(name string) string {
	return map[string]string{"DATABASE_URL": "p", "REDIS_URL": "r"}[name]
}

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := parse([]string{"-records", "1_000,20000", "-only", "import,again", "-order", "sorted", "-runs", "3"}, servers, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.sizes, []int{1000, 20000}) || got.order != corpus.Sorted || got.runs != 3 {
		t.Errorf("parse() = %+v, want the sizes 1000 and 20000, sorted", got)
	}
	if !got.measures(partAgain) || got.measures(partLatency) {
		t.Errorf("parts = %v, want import and again", got.parts)
	}
}

func TestParseRejects(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args []string
		want string
	}{
		"no_number":       {[]string{"-records", "1000,many"}, "-records"},
		"zero":            {[]string{"-records", "0"}, "-records"},
		"unknown_part":    {[]string{"-only", "import,memory"}, `"memory"`},
		"again_alone":     {[]string{"-only", "again"}, "needs import"},
		"no_importer":     {[]string{"-importers", "0"}, "-importers"},
		"no_order":        {[]string{"-order", "upwards"}, "upwards"},
		"three_baselines": {[]string{"-baselines", "3"}, "-baselines"},
		"argument":        {[]string{"10000"}, "10000"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := parse(test.args, servers, io.Discard); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("parse() = %v, want an error with %q", err, test.want)
			}
		})
	}
	if _, err := parse(nil, func(string) string { return "" }, io.Discard); err == nil {
		t.Error("parse() without servers = nil, want an error")
	}
}
