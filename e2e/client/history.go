package client

import (
	"fmt"
	"slices"
	"sync"
)

// history is what pollers saw of one operation, in the order in which the api said it.
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

// add refuses what cannot be, and what is behind something that was seen before. Pollers of one operation that run
// side by side may overtake each other between the answer and here, so a test that has them uses a client for each.
func (h *history) add(m Monitor) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := m.Counts
	if n.Created+n.Updated+n.Superseded != n.Imported || n.Imported+n.Failed+n.Unprocessed != n.Total {
		return fmt.Errorf("the counts do not add up: %+v", n)
	}
	if m.Kind == "import" && m.PercentComplete != n.percent() {
		return fmt.Errorf("percentComplete is %d, and the counts are %+v", m.PercentComplete, n)
	}
	if m.Status == "Succeeded" && (m.PercentComplete != 100 || m.Kind == "import" && m.Result.Counts != n) {
		return fmt.Errorf("succeeded at %d %% with the counts %+v and the result %+v", m.PercentComplete, n, m.Result.Counts)
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

// follows tells whether an operation that was like before can be like this now.
func (m Monitor) follows(before Monitor) error {
	back := func(what string, from, to any) error {
		return fmt.Errorf("operation %s went back: %s was %v and is %v", m.ID, what, from, to)
	}
	now, then := m.Counts, before.Counts
	switch {
	case before.terminal() && (m.Status != before.Status || now != then):
		return back("its end", before, m)
	case slices.Index(words, m.Status) < slices.Index(words, before.Status):
		return back("status", before.Status, m.Status)
	case m.PercentComplete < before.PercentComplete:
		return back("percentComplete", before.PercentComplete, m.PercentComplete)
	case now.Created < then.Created, now.Updated < then.Updated, now.Superseded < then.Superseded, now.Failed < then.Failed:
		return back("a count", then, now)
	case now.Total != then.Total && then.Total > 0: // 0: an upload in pieces that was not split yet
		return back("the total", then.Total, now.Total)
	}
	return nil
}

// Seen is how many answers about the operation were taken into its history.
func (c *Client) Seen(operationLocation string) int {
	h := c.history(operationLocation)
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.seen)
}
