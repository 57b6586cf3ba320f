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
	// The apis are not ready after fifteen seconds, and are asked nothing any more.
	"Postgres is down for 20 minutes, in a cluster": {map[string]string{
		`longshore_http_requests_total{method="POST",route="/api/:collection/:action",status="202"}`: "0+600x70 42000x19",
		`longshore_http_requests_total{method="POST",route="/api/:collection/:action",status="503"}`: "0x70 150x19",
		`longshore_http_requests_total{method="GET",route="/operations/:id",status="200"}`:           "0+600x70 42000x19",
		`longshore_http_requests_total{method="GET",route="/operations/:id",status="500"}`:           "0x70 150x19",
		`longshore_ready{instance="1:9090",service="api"}`:                                           "1x70 0x19",
		`longshore_ready{instance="7:9090",service="api"}`:                                           "1x70 0x19",
		`longshore_ready{instance="2:9090",service="importer"}`:                                      "1x70 0x19",
		`longshore_ready{instance="3:9090",service="searcher"}`:                                      "1x70 0x19",
		`longshore_ready{instance="4:9090",service="reporter"}`:                                      "1x70 0x19",
		`longshore_ready{instance="5:9090",service="janitor"}`:                                       "1x70 0x19",
		`longshore_postgres_up{instance="1:9090"}`:                                                   "1x70 0x19",
		`longshore_postgres_up{instance="2:9090"}`:                                                   "1x70 0x19",
		`longshore_step_seconds_count{kind="import:chunk",result="committed"}`:                       "0+600x70 42000x19",
		`longshore_step_seconds_count{kind="import:chunk",result="forgiven"}`:                        "0x70 60+60x18",
		`longshore_oldest_due_seconds{instance="5:9090",kind="import:chunk"}`:                        "0x70 _x19",
		`longshore_oldest_due_seconds{instance="6:9090",kind="import:chunk"}`:                        "0x70 _x19",
		`longshore_oldest_due_seconds{instance="5:9090",kind="import:split"}`:                        "0x70 _x19",
		`longshore_oldest_due_seconds{instance="5:9090",kind="report:step"}`:                         "0x70 _x19",
		`longshore_due_chunks{instance="5:9090",kind="import:chunk"}`:                                "16x70 _x19",
		`longshore_duty_seconds_count{duty="dispatch",result="ok"}`:                                  "0+60x70 4200x19",
		`longshore_duty_seconds_count{duty="dispatch",result="error"}`:                               "0x70 60+60x18",
	}, []string{
		`LongshoreDutyFails warning {duty="dispatch"}`, `LongshorePostgresDown critical {}`,
		`LongshoreStepsFail warning {kind="import:chunk", result="forgiven"}`,
	}},
	"Postgres refuses connections to the apis, and nothing takes requests away from them": {map[string]string{
		`longshore_http_requests_total{method="POST",route="/api/:collection/:action",status="202"}`: "0+600x70 42000x19",
		`longshore_http_requests_total{method="POST",route="/api/:collection/:action",status="503"}`: "0x70 600+600x18",
		`longshore_http_requests_total{method="GET",route="/operations/:id",status="200"}`:           "0+600x70 42000x19",
		`longshore_http_requests_total{method="GET",route="/operations/:id",status="500"}`:           "0x70 600+600x18",
		`longshore_ready{instance="1:9090",service="api"}`:                                           "1x70 0x19",
		`longshore_ready{instance="7:9090",service="api"}`:                                           "1x70 0x19",
		`longshore_postgres_up{instance="1:9090"}`:                                                   "1x70 0x19",
	}, []string{
		`LongshoreAnswersFail warning {}`, `LongshoreImportsNotAccepted critical {}`, `LongshoreImportsNotAccepted warning {}`,
		`LongshoreNotReady critical {service="api"}`,
	}},
	"all wait for a migration": {map[string]string{
		`longshore_ready{instance="1:9090",service="api"}`:      "1x70 0x19",
		`longshore_ready{instance="7:9090",service="api"}`:      "1x70 0x19",
		`longshore_ready{instance="2:9090",service="importer"}`: "1x70 0x19",
		`longshore_ready{instance="3:9090",service="searcher"}`: "1x70 0x19",
		`longshore_ready{instance="4:9090",service="reporter"}`: "1x70 0x19",
		`longshore_ready{instance="5:9090",service="janitor"}`:  "1x70 0x19",
	}, []string{
		`LongshoreNotReady critical {service="api"}`, `LongshoreNotReady critical {service="importer"}`, `LongshoreNotReady critical {service="janitor"}`,
		`LongshoreNotReady critical {service="reporter"}`, `LongshoreNotReady critical {service="searcher"}`,
	}},
	"one of a hundred imports is refused, for hours": {map[string]string{
		`longshore_http_requests_total{method="POST",route="/api/:collection/:action",status="503"}`: rare,
	}, []string{`LongshoreImportsNotAccepted warning {}`}},
	"on a quiet stack one import of two is refused for some minutes": {map[string]string{
		`longshore_http_requests_total{method="POST",route="/api/:collection/:action",status="202"}`: "0x60 0+1x10 10x18",
		`longshore_http_requests_total{method="POST",route="/api/:collection/:action",status="503"}`: "0x60 0+1x10 10x18",
	}, []string{`LongshoreImportsNotAccepted critical {}`, `LongshoreImportsNotAccepted warning {}`}},
	"accepting is slow": {
		map[string]string{`longshore_accept_seconds_bucket{kind="import",le="0.1"}`: often},
		[]string{`LongshoreAcceptSlow warning {kind="import"}`},
	},
	// Their steps are in hand until their time is over.
	"importers hang": {map[string]string{
		`longshore_oldest_due_seconds{instance="5:9090",kind="import:chunk"}`:  "0x75 0+60x9 0x4",
		`longshore_oldest_due_seconds{instance="6:9090",kind="import:chunk"}`:  "0x75 0+60x9 0x4",
		`longshore_oldest_step_seconds{instance="2:9090",kind="import:chunk"}`: "0x75 0+60x4 0x9",
		`longshore_step_seconds_count{kind="import:chunk",result="committed"}`: "0+600x75 45000x14",
		`longshore_step_seconds_count{kind="import:chunk",result="failed"}`:    unmoved,
	}, []string{`LongshoreNobodyWorks critical {kind="import:chunk"}`}},
	"importers hang, and each lane was tried once": {map[string]string{
		`longshore_oldest_step_seconds{instance="2:9090",kind="import:chunk"}`: "0x70 0+60x4 0x14",
		`longshore_step_seconds_count{kind="import:chunk",result="committed"}`: "0+600x70 42000x19",
		`longshore_step_seconds_count{kind="import:chunk",result="failed"}`:    unmoved,
	}, []string{`LongshoreNobodyWorks critical {kind="import:chunk"}`}},
	"somebody else has locked the table": {map[string]string{
		`longshore_oldest_due_seconds{instance="5:9090",kind="import:chunk"}`:  "0x65 0+60x24",
		`longshore_oldest_step_seconds{instance="2:9090",kind="import:chunk"}`: "0x65 0+60x4 0+60x4 0+60x4 0+60x4 0+60x4",
		`longshore_step_seconds_count{kind="import:chunk",result="committed"}`: "0+600x65 39000x24",
		`longshore_step_seconds_count{kind="import:chunk",result="failed"}`:    "100x70 102x4 104x4 106x4 108x4",
	}, []string{
		`LongshoreNobodyWorks critical {kind="import:chunk"}`, `LongshoreStepsFail warning {kind="import:chunk", result="failed"}`,
		`LongshoreWorkLate warning {kind="import:chunk"}`,
	}},
	"no reporter takes anything": {map[string]string{
		`longshore_oldest_due_seconds{instance="5:9090",kind="report:step"}`: "0x80 0+60x9",
		`longshore_due_chunks{instance="5:9090",kind="report:step"}`:         "0x79 1x10",
	}, []string{`LongshoreNobodyWorks critical {kind="report:step"}`}},
	"all steps fail at once, again and again": {map[string]string{
		`longshore_oldest_due_seconds{instance="5:9090",kind="import:chunk"}`:  "0x75 0+60x14",
		`longshore_oldest_step_seconds{instance="2:9090",kind="import:chunk"}`: "0.2x75 2x14",
		`longshore_step_seconds_count{kind="import:chunk",result="committed"}`: "0+600x75 45000x14",
		`longshore_step_seconds_count{kind="import:chunk",result="forgiven"}`:  "0x75 600+600x13",
	}, []string{
		`LongshoreNobodyWorks critical {kind="import:chunk"}`, `LongshoreStepsFail warning {kind="import:chunk", result="forgiven"}`,
	}},
	"there are too few importers": {map[string]string{
		`longshore_oldest_due_seconds{instance="5:9090",kind="import:chunk"}`: "0+60x90",
	}, []string{`LongshoreWorkLate warning {kind="import:chunk"}`}},
	"steps fail": {
		map[string]string{`longshore_step_seconds_count{kind="import:chunk",result="failed"}`: busy},
		[]string{`LongshoreStepsFail warning {kind="import:chunk", result="failed"}`},
	},
	"the only import fails at each of its attempts, which takes three minutes": {map[string]string{
		`longshore_due_chunks{instance="5:9090",kind="import:chunk"}`:          "0x40 1x2 0x46",
		`longshore_step_seconds_count{kind="import:chunk",result="committed"}`: unmoved,
		`longshore_step_seconds_count{kind="import:chunk",result="failed"}`:    "0x40 2 4 5x47",
	}, []string{`LongshoreStepsFail warning {kind="import:chunk", result="failed"}`}},
	"a report takes longer than its time, and another one waits": {map[string]string{
		`longshore_oldest_due_seconds{instance="5:9090",kind="report:step"}`:  "0x80 0+60x9",
		`longshore_due_chunks{instance="5:9090",kind="report:step"}`:          "0x79 1x10",
		`longshore_oldest_step_seconds{instance="4:9090",kind="report:step"}`: "5700+60x84 0x5", // three hours
	}, []string{`LongshoreNobodyWorks critical {kind="report:step"}`}},
	"a table was dropped": {map[string]string{
		`longshore_operations_finished_total{kind="import",state="succeeded"}`: "0+60x85 5100x4",
		`longshore_operations_finished_total{kind="import",state="failed"}`:    "0x85 60+60x3",
		`longshore_step_seconds_count{kind="import:chunk",result="ended"}`:     "0x85 60+60x3",
	}, []string{`LongshoreOperationsFail warning {kind="import:chunk"}`}},
	"the janitor is gone": {map[string]string{
		`longshore_build_info{job="a/longshore",instance="5:9090",service="janitor"}`: "1x80 _x9",
		`longshore_ready{instance="5:9090",service="janitor"}`:                        "1x80 _x9",
		`longshore_oldest_due_seconds{instance="5:9090",kind="import:chunk"}`:         "0x80 _x9",
		`longshore_oldest_due_seconds{instance="6:9090",kind="import:chunk"}`:         "0x80 _x9",
		`longshore_oldest_due_seconds{instance="5:9090",kind="import:split"}`:         "0x80 _x9",
		`longshore_oldest_due_seconds{instance="5:9090",kind="report:step"}`:          "0x80 _x9",
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
		map[string]string{
			`longshore_build_info{job="a/longshore",instance="4:9090",service="reporter"}`: nothing,
			`longshore_ready{instance="4:9090",service="reporter"}`:                        nothing,
		},
		[]string{`LongshoreServiceAway critical {service="reporter"}`},
	},
	"one process can't be reached": {
		map[string]string{`up{job="a/longshore",instance="1:9090",pod="api-1"}`: "1x70 0x19"},
		[]string{`LongshoreNotScraped warning {instance="1:9090", job="a/longshore", pod="api-1"}`},
	},
	"Redis is unreachable for one": {
		map[string]string{`longshore_redis_up{instance="2:9090"}`: "1x80 0x9"},
		[]string{`LongshoreRedisDown warning {}`},
	},
	"Redis is unreachable for all": {
		map[string]string{`longshore_redis_up{instance="1:9090"}`: "1x80 0x9", `longshore_redis_up{instance="2:9090"}`: "1x80 0x9"},
		[]string{`LongshoreRedisDown critical {}`},
	},
	"Redis is nearly full": {
		map[string]string{`longshore_redis_memory_bytes{instance="5:9090"}`: "9e7x90"},
		[]string{`LongshoreRedisFull warning {}`},
	},
	"three wait for a connection at any moment": {map[string]string{
		`longshore_pool_wait_seconds_total{job="a/longshore",instance="2:9090",pod="importer-1",pool="postgres"}`: "0+180x90",
	}, []string{`LongshorePoolExhausted warning {instance="2:9090", job="a/longshore", pod="importer-1", pool="postgres"}`}},
	"somebody forgot a paused queue": {
		map[string]string{`longshore_queue_paused{instance="5:9090",queue="imports"}`: always},
		[]string{`LongshoreQueuePaused warning {queue="imports"}`},
	},
	"many operations were given up": {
		map[string]string{`longshore_queue_entries{instance="5:9090",queue="imports",state="archived"}`: "0x70 50x19"},
		[]string{`LongshoreEntriesArchived warning {queue="imports"}`},
	},
}

// firing returns the alerts that fire at some time on a healthy stack but for what is shown differently: name, severity, labels.
// What raised them is noted in raised, by the rules' expressions.
func firing(t *testing.T, groups []rulefmt.RuleGroup, differently map[string]string, raised map[string]bool) []string {
	t.Helper()
	shown := maps.Clone(healthy)
	for metric, values := range differently {
		if _, found := shown[metric]; !found {
			t.Fatalf("a healthy stack does not show %s", metric)
		}
		shown[metric] = values
	}
	p := newPrometheus(t, groups, raised)
	for metric, values := range shown {
		if values != nothing {
			p.memory.load(t, metric, values)
		}
	}
	return slices.Sorted(maps.Keys(p.fired(t, watchTo)))
}
