package monitoring

// ordinary is what a stack shows in ordinary operation, besides what it always does: nobody wants to be woken for it.
var ordinary = map[string]map[string]string{
	"nothing special": nil,
	"one request of a quiet hour is answered 503": {
		`longshore_http_requests_total{method="POST",route="/api/:collection/:action",status="202"}`: "0x30 1x10 2x10 3x37",
		`longshore_http_requests_total{method="POST",route="/api/:collection/:action",status="503"}`: "0x45 1x44",
	},
	"one import of two is refused, and nobody sends another": {
		`longshore_http_requests_total{method="POST",route="/api/:collection/:action",status="202"}`: "0x60 1x29",
		`longshore_http_requests_total{method="POST",route="/api/:collection/:action",status="503"}`: "0x60 1x29",
	},
	"one question of a quiet hour is answered 500": {
		`longshore_http_requests_total{method="GET",route="/operations/:id",status="200"}`: "0x30 1x10 2x10 3x37",
		`longshore_http_requests_total{method="GET",route="/operations/:id",status="500"}`: "0x45 1x44",
	},
	"Postgres fails over": {
		`longshore_http_requests_total{method="POST",route="/api/:collection/:action",status="202"}`: "0+600x30 18000 18000+600x57",
		`longshore_postgres_up{instance="1:9090"}`:                                                   "1x30 0 1x58",
		`longshore_postgres_up{instance="2:9090"}`:                                                   "1x30 0 1x58",
		`longshore_oldest_due_seconds{instance="5:9090",kind="import:chunk"}`:                        "0x30 _ 0x58",
		`longshore_oldest_due_seconds{instance="6:9090",kind="import:chunk"}`:                        "0x30 _ 0x58",
	},
	"all reporters are busy for a quarter of an hour, and one more report waits": {
		`longshore_oldest_due_seconds{instance="5:9090",kind="report:step"}`:  "0x30 0+60x15 0x42",
		`longshore_due_chunks{instance="5:9090",kind="report:step"}`:          "0x29 3x16 1x42",
		`longshore_oldest_step_seconds{instance="4:9090",kind="report:step"}`: "0x30 0+60x15 0+60x42",
		`longshore_step_seconds_count{kind="report:step",result="committed"}`: "100x46 102x42",
	},
	"one report takes an hour, and another one failed meanwhile": {
		`longshore_due_chunks{instance="5:9090",kind="report:step"}`:          "0x19 2x10 1x50 0x8",
		`longshore_oldest_step_seconds{instance="4:9090",kind="report:step"}`: "0x20 0+60x60 0x7",
		`longshore_step_seconds_count{kind="report:step",result="committed"}`: "100x81 101x7",
	},
	"an upload is split for a quarter of an hour, and another one waits": {
		`longshore_oldest_due_seconds{instance="5:9090",kind="import:split"}`:  "0x30 0+60x15 0x42",
		`longshore_due_chunks{instance="5:9090",kind="import:split"}`:          "0x29 2x16 1x20 0x22",
		`longshore_oldest_step_seconds{instance="2:9090",kind="import:split"}`: "0x29 30+60x15 30+60x20 0x23",
	},
	"a queue is flushed, and the janitor rings again within seconds": {
		`longshore_oldest_due_seconds{instance="5:9090",kind="import:chunk"}`: "0x50 5 0x38",
		`longshore_rescues_total{duty="dispatch"}`:                            "0x50 8x39",
	},
	"Redis has no limit": {
		`longshore_redis_memory_bytes{instance="5:9090"}`:     "9e9x90",
		`longshore_redis_memory_max_bytes{instance="5:9090"}`: nothing,
	},
}
