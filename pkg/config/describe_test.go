package config_test

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/config"
)

func TestDescribeHidesPasswords(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"": "",
		"postgres://ann:hush@db.example/longshore?sslmode=require": "postgres://ann:xxxxx@db.example/longshore?sslmode=require",
		"redis://:hush@queue.example/0":                            "redis://:xxxxx@queue.example/0",
		"postgres://db.example/longshore?password=hush":            "xxxxx",
		"postgres://db.example/longshore?sslPassword=hush":         "xxxxx",
		"host=db.example password=hush":                            "xxxxx",
		"postgres://db.example/longshore?password=hush;b":          "xxxxx",
		"postgres://db.example/longshore?user=a&password=hu%ZZsh":  "xxxxx",
		"postgres://db.example/longshore?p%61ssword=hush":          "xxxxx",
		"postgres://ann:12#hush@db.example/longshore":              "xxxxx",
		"postgres://ann:12?hush@db.example/longshore":              "xxxxx",
		"postgres://ann:12/hush@db.example/longshore":              "xxxxx",
	} {
		got := config.Describe("example", map[string]string{"DATABASE_URL": address}, config.Postgres{})
		if len(got.Variables) == 0 || got.Variables[0].Name != "DATABASE_URL" || got.Variables[0].Value != want {
			t.Errorf("Describe() of %q = %+v, want the value %q", address, got.Variables, want)
		}
	}
}
