// Package score asks kube-score what it thinks of manifests.
package score

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/zegl/kube-score/config"
	"github.com/zegl/kube-score/domain"
	"github.com/zegl/kube-score/parser"
	kubescore "github.com/zegl/kube-score/score"
	"github.com/zegl/kube-score/score/checks"
	"github.com/zegl/kube-score/scorecard"
)

// ignored are the tests that ask for what is not wanted here, each with the reason.
var ignored = map[string]string{
	"container-image-pull-policy": "tags are releases and never move; pulling each time makes the registry a part that can be away",
}

// settings turns off one more demand: a limit of CPU makes a service slow while there is CPU to spare, and requests share it out already.
var settings = config.RunConfiguration{
	IgnoreContainerCpuLimitRequirement: true,
	KubernetesVersion:                  config.Semver{Major: 1, Minor: 32},
	MinReplicasHPA:                     2,
}

// file is a document in memory under a name.
type file struct {
	*bytes.Reader
}

// Name tells where the document comes from.
func (file) Name() string { return "rendered.yaml" }

// Critical returns what kube-score calls critical in the documents of a YAML text.
func Critical(manifests []byte) ([]string, error) {
	reader, err := parser.New(&parser.Config{})
	if err != nil {
		return nil, fmt.Errorf("preparing kube-score: %w", err)
	}
	parsed, err := reader.ParseFiles([]domain.NamedReader{file{bytes.NewReader(manifests)}})
	if err != nil {
		return nil, fmt.Errorf("reading manifests for kube-score: %w", err)
	}
	skip := make(map[string]struct{}, len(ignored))
	for name := range ignored {
		skip[name] = struct{}{}
	}
	card, err := kubescore.Score(parsed, kubescore.RegisterAllChecks(parsed, &checks.Config{IgnoredTests: skip}, &settings), &settings)
	if err != nil {
		return nil, fmt.Errorf("scoring manifests: %w", err)
	}
	return critical(*card), nil
}

func critical(card scorecard.Scorecard) []string {
	var found []string
	for _, object := range card {
		for _, test := range object.Checks {
			if test.Skipped || test.Grade > scorecard.GradeCritical {
				continue
			}
			for _, comment := range test.Comments {
				found = append(found, fmt.Sprintf("%s: %s: %s %s", object.HumanFriendlyRef(), test.Check.ID, comment.Path, comment.Summary))
			}
		}
	}
	slices.Sort(found)
	return found
}
