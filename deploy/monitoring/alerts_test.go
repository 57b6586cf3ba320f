package monitoring

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// watchTo is the minute to which the rules are evaluated, from the first: for longer than any `for`, and in the end of more than an hour,
// which some rules look back.
const watchTo = 90

// values of series, one for each minute.
const (
	always  = "1x90"
	never   = "0x90"
	nothing = ""         // there is no such series
	unmoved = "100x90"   // a counter
	busy    = "0+600x90" // a counter: ten a second
	rare    = "0+6x90"   // a counter: one in ten seconds
	often   = "0+60x90"  // a counter: one a second
)

// healthy is what a stack shows on which all is well, in the notation of Prometheus' own tests.
var healthy = map[string]string{
	`up{job="a/longshore",instance="1:9090",pod="api-1"}`:                                                     always,
	`longshore_ready{instance="1:9090",service="api"}`:                                                        always,
	`longshore_ready{instance="7:9090",service="api"}`:                                                        "1x40 0x2 1x46", // replaced
	`longshore_ready{instance="2:9090",service="importer"}`:                                                   always,
	`longshore_ready{instance="3:9090",service="searcher"}`:                                                   always,
	`longshore_ready{instance="4:9090",service="reporter"}`:                                                   always,
	`longshore_ready{instance="5:9090",service="janitor"}`:                                                    always,
	`longshore_ready{instance="8:9090",service="console"}`:                                                    "1x40 0x20 1x28", // users notice nothing
	`longshore_postgres_up{instance="1:9090"}`:                                                                always,
	`longshore_postgres_up{instance="2:9090"}`:                                                                "1x40 0x20 1x28", // all of its connections are busy
	`longshore_build_info{job="a/longshore",instance="1:9090",service="api"}`:                                 always,
	`longshore_build_info{job="a/longshore",instance="2:9090",service="importer"}`:                            always,
	`longshore_build_info{job="a/longshore",instance="3:9090",service="searcher"}`:                            always,
	`longshore_build_info{job="a/longshore",instance="4:9090",service="reporter"}`:                            always,
	`longshore_build_info{job="a/longshore",instance="5:9090",service="janitor"}`:                             always,
	`longshore_http_requests_total{method="POST",route="/api/:collection/:action",status="202"}`:              busy,
	`longshore_http_requests_total{method="POST",route="/api/:collection/:action",status="503"}`:              unmoved,
	`longshore_http_requests_total{method="GET",route="/operations/:id",status="200"}`:                        busy,
	`longshore_http_requests_total{method="GET",route="/operations/:id",status="500"}`:                        unmoved,
	`longshore_accept_seconds_bucket{kind="import",le="0.1"}`:                                                 busy,
	`longshore_accept_seconds_bucket{kind="import",le="5"}`:                                                   busy,
	`longshore_accept_seconds_bucket{kind="import",le="+Inf"}`:                                                busy,
	`longshore_accept_seconds_count{kind="import"}`:                                                           busy,
	`longshore_oldest_due_seconds{instance="5:9090",kind="import:chunk"}`:                                     never,
	`longshore_oldest_due_seconds{instance="6:9090",kind="import:chunk"}`:                                     never,
	`longshore_oldest_due_seconds{instance="5:9090",kind="import:split"}`:                                     never,
	`longshore_due_chunks{instance="5:9090",kind="import:split"}`:                                             never,
	`longshore_oldest_step_seconds{instance="2:9090",kind="import:split"}`:                                    never,
	`longshore_oldest_due_seconds{instance="5:9090",kind="report:step"}`:                                      never,
	`longshore_due_chunks{instance="5:9090",kind="import:chunk"}`:                                             "16x90",
	`longshore_due_chunks{instance="5:9090",kind="report:step"}`:                                              never,
	`longshore_oldest_step_seconds{instance="2:9090",kind="import:chunk"}`:                                    "0.2x90",
	`longshore_oldest_step_seconds{instance="4:9090",kind="report:step"}`:                                     never,
	`longshore_step_seconds_count{kind="report:step",result="committed"}`:                                     unmoved,
	`longshore_step_seconds_count{kind="report:step",result="failed"}`:                                        unmoved,
	`longshore_step_seconds_count{kind="import:chunk",result="committed"}`:                                    busy,
	`longshore_step_seconds_count{kind="import:chunk",result="failed"}`:                                       rare,
	`longshore_step_seconds_count{kind="import:chunk",result="forgiven"}`:                                     unmoved,
	`longshore_operations_finished_total{kind="import",state="succeeded"}`:                                    often,
	`longshore_operations_finished_total{kind="import",state="failed"}`:                                       rare, // broken uploads
	`longshore_step_seconds_count{kind="import:split",result="refused"}`:                                      rare,
	`longshore_step_seconds_count{kind="import:chunk",result="ended"}`:                                        unmoved,
	`longshore_step_seconds_count{kind="import:split",result="ended"}`:                                        unmoved,
	`longshore_duty_seconds_count{duty="dispatch",result="ok"}`:                                               often,
	`longshore_duty_seconds_count{duty="dispatch",result="error"}`:                                            unmoved,
	`longshore_rescues_total{duty="dispatch"}`:                                                                "0x40 500x49", // Redis was flushed once
	`longshore_redis_up{instance="1:9090"}`:                                                                   always,
	`longshore_redis_up{instance="2:9090"}`:                                                                   always,
	`longshore_redis_memory_bytes{instance="5:9090"}`:                                                         "1e6x90",
	`longshore_redis_memory_max_bytes{instance="5:9090"}`:                                                     "1e8x90",
	`longshore_pool_wait_seconds_total{job="a/longshore",instance="2:9090",pod="importer-1",pool="postgres"}`: "0+3x90",
	`longshore_queue_paused{instance="5:9090",queue="imports"}`:                                               "0x60 1x9 0x20", // for ten minutes
	`longshore_queue_entries{instance="5:9090",queue="imports",state="archived"}`:                             "3x90",
	`longshore_queue_entries{instance="5:9090",queue="imports",state="pending"}`:                              "0+10x90",
}

// TestAlertsFireOnTroubleAlone shows to the rules each trouble on an otherwise healthy stack, and wants the alerts that tell of it at some
// time and no others.
func TestAlertsFireOnTroubleAlone(t *testing.T) {
	t.Parallel()
	groups, problems := loadRules(readPapers(t)[rulesFile])
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	tried := make(map[string]bool)
	for name, shows := range ordinary {
		if got := firing(t, groups, shows, make(map[string]bool)); len(got) > 0 {
			t.Errorf("%s is no trouble, and raised %q", name, got)
		}
	}
	for name, tt := range troubles {
		got := firing(t, groups, tt.shows, tried)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, group := range groups {
		for _, rule := range group.Rules {
			if rule.Alert != "" && !tried[rule.Expr] {
				t.Errorf("no trouble made %s fire by %s", rule.Alert, rule.Expr)
			}
		}
	}
}
