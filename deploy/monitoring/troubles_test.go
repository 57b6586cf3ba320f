package monitoring

import (
	"maps"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/model/rulefmt"
)

// trouble is what a sick stack shows differently, and the alerts that tell of it.
type trouble struct {
	shows map[string]string
	want  []string
}

var troubles = map[string]trouble{
	"none": {nil, nil},
	"Postgres is down for 20 minutes": {map[string]string{
		`longshore_http_requests_total{method="POST",route="/api/:collection/:action",status="202"}`: "0+600x70 42000x19",
		`longshore_http_requests_total{method="POST",route="/api/:collection/:action",status="503"}`: "0x70 600+600x18",
		`longshore_http_requests_total{method="GET",route="/operations/:id",status="200"}`:           "0+600x70 42000x19",
		`longshore_http_requests_total{method="GET",route="/operations/:id",status="500"}`:           "0x70 600+600x18",
		`longshore_step_seconds_count{kind="import:chunk",result="committed"}`:                       "0+600x70 42000x19",
		`longshore_step_seconds_count{kind="import:chunk",result="forgiven"}`:                        "0x70 60+60x18",
		`longshore_oldest_due_seconds{instance="5:9090",kind="import:chunk"}`:                        "0x70 _x19",
		`longshore_oldest_due_seconds{instance="6:9090",kind="import:chunk"}`:                        "0x70 _x19",
		`longshore_duty_seconds_count{duty="dispatch",result="ok"}`:                                  "0+60x70 4200x19",
		`longshore_duty_seconds_count{duty="dispatch",result="error"}`:                               "0x70 60+60x18",
	}, []string{
		`LongshoreAnswersFail warning {}`, `LongshoreDutyFails warning {duty="dispatch"}`,
		`LongshoreImportsNotAccepted critical {}`, `LongshoreImportsNotAccepted warning {}`, `LongshoreJanitorAway critical {}`,
		`LongshoreStepsFail warning {kind="import:chunk", result="forgiven"}`,
	}},
	"one of a hundred imports is refused, for hours": {map[string]string{
		`longshore_http_requests_total{method="POST",route="/api/:collection/:action",status="503"}`: rare,
	}, []string{`LongshoreImportsNotAccepted warning {}`}},
	"one import of two is refused, and nobody sends another": {map[string]string{
		`longshore_http_requests_total{method="POST",route="/api/:collection/:action",status="202"}`: "0x60 1x29",
		`longshore_http_requests_total{method="POST",route="/api/:collection/:action",status="503"}`: "0x60 1x29",
	}, []string{`LongshoreImportsNotAccepted warning {}`}},
	"accepting is slow": {
		map[string]string{`longshore_accept_seconds_bucket{kind="import",le="0.1"}`: often},
		[]string{`LongshoreAcceptSlow warning {kind="import"}`},
	},
	"importers hang": {map[string]string{
		`longshore_oldest_due_seconds{instance="5:9090",kind="import:chunk"}`:  "0x80 0+60x9",
		`longshore_oldest_due_seconds{instance="6:9090",kind="import:chunk"}`:  "0x80 0+60x9",
		`longshore_step_seconds_count{kind="import:chunk",result="committed"}`: "0+600x80 48000x9",
		`longshore_step_seconds_count{kind="import:chunk",result="failed"}`:    unmoved,
	}, []string{`LongshoreNobodyWorks critical {kind="import:chunk"}`}},
	"there are too few importers": {map[string]string{
		`longshore_oldest_due_seconds{instance="5:9090",kind="import:chunk"}`: "0+60x90",
	}, []string{`LongshoreWorkLate warning {kind="import:chunk"}`}},
	"steps fail": {
		map[string]string{`longshore_step_seconds_count{kind="import:chunk",result="failed"}`: busy},
		[]string{`LongshoreStepsFail warning {kind="import:chunk", result="failed"}`},
	},
	"a table was dropped": {map[string]string{
		`longshore_operations_finished_total{kind="import",state="succeeded"}`: "0+60x85 5100x4",
		`longshore_operations_finished_total{kind="import",state="failed"}`:    "0x85 60+60x3",
	}, []string{`LongshoreOperationsFail warning {kind="import"}`}},
	"the janitor is gone": {map[string]string{
		`longshore_build_info{job="a/longshore",instance="5:9090",service="janitor"}`: "1x80 _x9",
		`longshore_oldest_due_seconds{instance="5:9090",kind="import:chunk"}`:         "0x80 _x9",
		`longshore_oldest_due_seconds{instance="6:9090",kind="import:chunk"}`:         "0x80 _x9",
	}, []string{`LongshoreJanitorAway critical {service="janitor"}`, `LongshoreJanitorAway critical {}`}},
	"a duty fails": {map[string]string{
		`longshore_duty_seconds_count{duty="dispatch",result="ok"}`:    unmoved,
		`longshore_duty_seconds_count{duty="dispatch",result="error"}`: often,
	}, []string{`LongshoreDutyFails warning {duty="dispatch"}`}},
	"importers die again and again": {
		map[string]string{`longshore_rescues_total{duty="dispatch"}`: often},
		[]string{`LongshoreRescuesTooOften warning {duty="dispatch"}`},
	},
	"nobody writes reports": {
		map[string]string{`longshore_build_info{job="a/longshore",instance="4:9090",service="reporter"}`: nothing},
		[]string{`LongshoreServiceAway critical {service="reporter"}`},
	},
	"one process can't be reached": {
		map[string]string{`up{job="a/longshore",instance="1:9090",pod="api-1"}`: "1x70 0x19"},
		[]string{`LongshoreNotScraped warning {instance="1:9090", job="a/longshore", pod="api-1"}`},
	},
	"Redis is unreachable for one": {
		map[string]string{`longshore_redis_up{instance="2:9090"}`: "1x80 0x9"},
		[]string{`LongshoreRedisDown critical {}`},
	},
	"Redis is nearly full": {
		map[string]string{`longshore_redis_memory_bytes{instance="5:9090"}`: "9e7x90"},
		[]string{`LongshoreRedisFull warning {}`},
	},
	"Redis has no limit": {map[string]string{
		`longshore_redis_memory_bytes{instance="5:9090"}`:     "9e9x90",
		`longshore_redis_memory_max_bytes{instance="5:9090"}`: nothing,
	}, nil},
	"three wait for a connection at any moment": {map[string]string{
		`longshore_pool_wait_seconds_total{job="a/longshore",instance="2:9090",pool="postgres"}`: "0+180x90",
	}, []string{`LongshorePoolExhausted warning {instance="2:9090", job="a/longshore", pool="postgres"}`}},
	"somebody forgot a paused queue": {
		map[string]string{`longshore_queue_paused{instance="5:9090",queue="imports"}`: always},
		[]string{`LongshoreQueuePaused warning {queue="imports"}`},
	},
	"many operations were given up": {
		map[string]string{`longshore_queue_entries{instance="5:9090",queue="imports",state="archived"}`: "0x70 50x19"},
		[]string{`LongshoreEntriesArchived warning {queue="imports"}`},
	},
}

// firing returns the alerts that fire in the end on a healthy stack but for what is shown differently: name, severity, labels.
func firing(t *testing.T, groups []rulefmt.RuleGroup, differently map[string]string) []string {
	t.Helper()
	shown := maps.Clone(healthy)
	for metric, values := range differently {
		if _, found := shown[metric]; !found {
			t.Fatalf("a healthy stack does not show %s", metric)
		}
		shown[metric] = values
	}
	p := newPrometheus(t, groups)
	for metric, values := range shown {
		if values != nothing {
			p.memory.load(t, metric, values)
		}
	}
	return slices.Sorted(maps.Keys(p.firing(t, watchFrom, watchTo)))
}
