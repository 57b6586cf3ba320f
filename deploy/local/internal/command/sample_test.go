package command

import "testing"

func TestSampleModeEnabled(t *testing.T) {
	for _, test := range []struct {
		name, value string
		ownDatabase bool
		want        bool
	}{
		{"own database", "", true, true},
		{"database of the user", "", false, false},
		{"yes for the database of the user", "yes", false, true},
		{"yes for the own database", "yes", true, true},
		{"no for the own database", "no", true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(sampleVariable, test.value)
			mode, err := readSampleMode()
			if err != nil {
				t.Fatal(err)
			}
			if got := mode.enabled(test.ownDatabase); got != test.want {
				t.Errorf("enabled(%t) = %t, want %t", test.ownDatabase, got, test.want)
			}
		})
	}
}

func TestReadSampleModeRejectsOtherValues(t *testing.T) {
	t.Setenv(sampleVariable, "maybe")
	if mode, err := readSampleMode(); err == nil {
		t.Errorf("readSampleMode() = %q, want an error", mode)
	}
}
