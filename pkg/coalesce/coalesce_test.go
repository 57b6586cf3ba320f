package coalesce_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/coalesce"
)

// TestDo checks that items that come while their key is busy are executed together, in the order of their calls and
// with no more than the limit, and that other keys do not wait.
func TestDo(t *testing.T) {
	t.Parallel()
	var (
		mu       sync.Mutex
		executed = map[string][][]int{}
		began    = make(chan int, 10)
		proceed  = make(chan struct{})
	)
	g := coalesce.Group[string, int]{Parallel: 1, Most: 3, Execute: func(key string, items []int) {
		mu.Lock()
		executed[key] = append(executed[key], slices.Clone(items))
		mu.Unlock()
		began <- items[0]
		if key == "busy" {
			<-proceed
		}
	}}
	var calls sync.WaitGroup
	calls.Go(func() { g.Do("busy", 0) })
	<-began
	for i := range 4 {
		waiting := g.Waiting("busy")
		calls.Go(func() { g.Do("busy", i+1) })
		for g.Waiting("busy") == waiting { // until the call is in line
		}
	}
	g.Do("free", 9)
	<-began
	close(proceed)
	calls.Wait()
	want := map[string][][]int{"busy": {{0}, {1, 2, 3}, {4}}, "free": {{9}}}
	if diff := cmp.Diff(want, executed); diff != "" {
		t.Errorf("executed (-want +got):\n%s", diff)
	}
}

// TestDoParallel checks that items are executed at the same time up to the limit.
func TestDoParallel(t *testing.T) {
	t.Parallel()
	both := make(chan struct{})
	g := coalesce.Group[int, int]{Parallel: 2, Most: 1, Execute: func(int, []int) {
		select {
		case both <- struct{}{}: // waits for the other one
		case <-both:
		}
	}}
	var calls sync.WaitGroup
	for i := range 10 {
		calls.Go(func() { g.Do(0, i) })
	}
	calls.Wait()
}
