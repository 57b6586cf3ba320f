package access

import (
	"fmt"
	"slices"
)

// Action is something that a route does, and that a principal may do.
type Action string

// The closed list of actions.
const (
	CreateImports    Action = "imports:create"
	CommitImports    Action = "imports:commit"
	ReadOperations   Action = "operations:read"
	CancelOperations Action = "operations:cancel"
	RevertOperations Action = "operations:revert"
	DeleteOperations Action = "operations:delete"
	ReadRecords      Action = "records:read"
	Search           Action = "search"
	Report           Action = "reports"
	ReadCollections  Action = "collections:read"
	WriteCollections Action = "collections:write"
	ReadMappings     Action = "mappings:read"
	WriteMappings    Action = "mappings:write"
	ReadWebhooks     Action = "webhooks:read"
	WriteWebhooks    Action = "webhooks:write"
	WriteSchedules   Action = "schedules:write"
	WriteKeys        Action = "keys:write"
	ReadAudit        Action = "audit:read"
	CreateTokens     Action = "tokens:create"
	ReadQueues       Action = "queues:read"
	WriteQueues      Action = "queues:write"
)

const (
	// Public marks a route that needs no credential. No principal has it.
	Public Action = "public"
	// Authenticated marks a route that every principal may use.
	Authenticated Action = "authenticated"
)

var actions = []Action{
	CreateImports, CommitImports, ReadOperations, CancelOperations, RevertOperations, DeleteOperations, ReadRecords, Search, Report,
	ReadCollections, WriteCollections, ReadMappings, WriteMappings, ReadWebhooks, WriteWebhooks, WriteSchedules, WriteKeys, ReadAudit,
	CreateTokens, ReadQueues, WriteQueues,
}

// Known reports whether the action is in the closed list.
func (a Action) Known() bool { return slices.Contains(actions, a) }

// Actions is a set of actions.
type Actions []Action

// All returns all actions.
func All() Actions { return slices.Clone(actions) }

// Has reports whether the set contains the action.
func (s Actions) Has(a Action) bool { return slices.Contains(s, a) }

// Within reports whether other contains every action of the set.
func (s Actions) Within(other Actions) bool {
	return !slices.ContainsFunc(s, func(a Action) bool { return !other.Has(a) })
}

// Names returns the names of the actions.
func (s Actions) Names() []string {
	names := make([]string, len(s))
	for i, a := range s {
		names[i] = string(a)
	}
	return names
}

// ParseActions returns the actions with the names. Its error names the first unknown one.
func ParseActions(names []string) (Actions, error) {
	set := make(Actions, len(names))
	for i, name := range names {
		set[i] = Action(name)
		if !set[i].Known() {
			return nil, fmt.Errorf("there is no action %q; the actions are %v", name, actions)
		}
	}
	return set, nil
}
