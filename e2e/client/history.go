package client

import (
	"fmt"
	"slices"
	"sync"
)

// history contains the status monitors of one operation in the order of the responses.
type history struct {
	mu   sync.Mutex
	seen []Monitor
}

func (c *Client) history(operationLocation string) *history {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok := c.histories[operationLocation]
	if !ok {
		h = &history{}
		c.histories[operationLocation] = h
	}
	return h
}

// add appends a monitor. It returns an error if the monitor is inconsistent, or if the operation went
// back since the previous one. A test with several pollers of one operation needs a client for each,
// because their responses may be added in another order than they were sent.
func (h *history) add(m Monitor) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := m.Counts
	if n.Created+n.Updated+n.Superseded != n.Imported || n.Imported+n.Failed+n.Unprocessed != n.Total {
		return fmt.Errorf("counts do not add up: %+v", n)
	}
	if m.Kind == "import" && m.PercentComplete != n.percent() {
		return fmt.Errorf("percentComplete = %d with counts %+v", m.PercentComplete, n)
	}
	if m.Status == "Succeeded" && (m.PercentComplete != 100 || m.Kind == "import" && m.Result.Counts != n) {
		return fmt.Errorf("succeeded at %d %% with counts %+v and result %+v", m.PercentComplete, n, m.Result.Counts)
	}
	if len(h.seen) > 0 {
		if err := m.follows(h.seen[len(h.seen)-1]); err != nil {
			return err
		}
	}
	h.seen = append(h.seen, m)
	return nil
}

func (n Counts) percent() int { return (n.Total - n.Unprocessed) * 100 / max(n.Total, 1) }

// follows returns an error if the operation cannot change from before to m.
func (m Monitor) follows(before Monitor) error {
	back := func(what string, from, to any) error {
		return fmt.Errorf("operation %s went back: %s changed from %v to %v", m.ID, what, from, to)
	}
	now, then := m.Counts, before.Counts
	switch {
	case before.terminal() && (m.Status != before.Status || now != then):
		return back("final state", before, m)
	case slices.Index(statuses, m.Status) < slices.Index(statuses, before.Status):
		return back("status", before.Status, m.Status)
	case m.PercentComplete < before.PercentComplete:
		return back("percentComplete", before.PercentComplete, m.PercentComplete)
	case now.Created < then.Created, now.Updated < then.Updated, now.Superseded < then.Superseded, now.Failed < then.Failed:
		return back("a count", then, now)
	case now.Total != then.Total && then.Total > 0: // 0: a multipart upload that is not yet split
		return back("total", then.Total, now.Total)
	}
	return nil
}

// Seen returns the number of monitors in the history of an operation.
func (c *Client) Seen(operationLocation string) int {
	h := c.history(operationLocation)
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.seen)
}
