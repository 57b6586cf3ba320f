package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/longshore-io/longshore/e2e/client"
)

// operationList is a dialect's list of operations. Its page has room for all operations of a test.
type operationList struct {
	dialect, path string
	// member is the name of the array in the response.
	member string
	// key returns the name of the listed operation: its id or its number.
	key func(item []byte) (string, error)
}

var lists = []operationList{
	{"operations", "/operations?maxpagesize=1000", "value", itemKey(func(i listItem) string { return i.ID })},
	{"tasks in JSON", "/tasks.json?limit=1000", "tasks", itemKey(func(i listItem) string { return strconv.FormatInt(i.Task.ID, 10) })},
	{
		"google", "/v1/operations?pageSize=1000", "operations",
		itemKey(func(i listItem) string { return strings.TrimPrefix(i.Name, "operations/") }),
	},
}

// listItem contains the members that name an operation in any of the lists.
type listItem struct {
	ID   string
	Name string
	Task struct{ ID int64 }
}

func itemKey(key func(listItem) string) func(item []byte) (string, error) {
	return func(item []byte) (string, error) {
		var i listItem
		err := json.Unmarshal(item, &i)
		return key(i), err
	}
}

// read requests the list. It returns the possible states of each operation by its key.
func (l operationList) read(ctx context.Context, c *client.Client) (map[string][]string, error) {
	items, err := l.items(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w", l.path, err)
	}
	d, states := dialectNamed(l.dialect), make(map[string][]string)
	for _, item := range items {
		key, err := l.key(item)
		if err != nil {
			return nil, fmt.Errorf("GET %s: decoding %s: %w", l.path, item, err)
		}
		status, err := d.readStatus(item)
		if err != nil {
			return nil, fmt.Errorf("GET %s: decoding %s: %w", l.path, item, err)
		}
		if states[key] = d.statesOf(status); states[key] == nil {
			return nil, fmt.Errorf("GET %s: unknown status %q: %s", l.path, status, item)
		}
	}
	return states, nil
}

func (l operationList) items(ctx context.Context, c *client.Client) ([]json.RawMessage, error) {
	response, err := c.Get(ctx, l.path)
	if err != nil {
		return nil, err
	}
	if response.Status != http.StatusOK {
		return nil, fmt.Errorf("status %d: %s", response.Status, response.Body)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(response.Body, &members); err != nil {
		return nil, fmt.Errorf("decoding %s: %w", response.Body, err)
	}
	var items []json.RawMessage
	if err := json.Unmarshal(members[l.member], &items); err != nil {
		return nil, fmt.Errorf("decoding the member %s of %s: %w", l.member, response.Body, err)
	}
	return items, nil
}
