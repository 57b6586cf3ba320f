package access

import (
	"fmt"
	"slices"
)

// Bundle is a named set of actions for one kind of user.
type Bundle string

// The bundles. Each contains the actions that its kind of user needs; Operator contains those of Viewer
// and of Importer.
const (
	Viewer   Bundle = "viewer"
	Importer Bundle = "importer"
	Operator Bundle = "operator"
	Admin    Bundle = "admin"
)

// Bundles returns the names of all bundles, from the least to the most.
func Bundles() []Bundle { return []Bundle{Viewer, Importer, Operator, Admin} }

// Actions returns the actions of the bundle. The error names the bundles if there is no such bundle.
func (b Bundle) Actions() (Actions, error) {
	switch b {
	case Viewer:
		return viewer(), nil
	case Importer:
		return importer(), nil
	case Operator:
		return operator(), nil
	case Admin:
		return All(), nil
	default:
		return nil, fmt.Errorf("there is no bundle %q; the bundles are %v", string(b), Bundles())
	}
}

func viewer() Actions {
	return Actions{ReadOperations, ReadRecords, Search, Report, ReadCollections, ReadMappings}
}

func importer() Actions {
	return Actions{
		CreateImports, CommitImports, ReadOperations, CancelOperations, ReadRecords, ReadCollections, ReadMappings, WriteMappings, CreateTokens,
	}
}

func operator() Actions {
	set := slices.Concat(viewer(), importer(), Actions{RevertOperations, DeleteOperations, ReadWebhooks, WriteWebhooks, WriteSchedules, ReadQueues})
	slices.Sort(set)
	return slices.Compact(set)
}
