package metrics_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/longshore-io/longshore/pkg/metrics"
)

func TestNewBuild(t *testing.T) {
	t.Parallel()
	want := `# HELP longshore_build_info The running service, its version, and the version of Go that it was built with. Always 1.
# TYPE longshore_build_info gauge
longshore_build_info{goversion="` + runtime.Version() + `",service="api",version="1.2.3"} 1
`
	if err := testutil.CollectAndCompare(metrics.NewBuild("api", "1.2.3"), strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}
