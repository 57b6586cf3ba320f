package check

import (
	"bytes"
	"fmt"

	"github.com/zegl/kube-score/config"
	"github.com/zegl/kube-score/domain"
	"github.com/zegl/kube-score/parser"
	kubescore "github.com/zegl/kube-score/score"
	"github.com/zegl/kube-score/score/checks"
	"github.com/zegl/kube-score/scorecard"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

// ignored are the tests of kube-score that do not apply here.
var ignored = map[string]struct{}{
	// Tags are releases and never move. If every start pulled, an unavailable registry would stop the
	// service.
	"container-image-pull-policy": {},
	// Pods are spread by topologySpreadConstraints, which the rule spread checks.
	"deployment-has-host-podantiaffinity":  {},
	"statefulset-has-host-podantiaffinity": {},
}

// settings: a CPU limit slows a service down while there is unused CPU; requests share it already.
var settings = config.RunConfiguration{
	IgnoreContainerCpuLimitRequirement: true,
	KubernetesVersion:                  config.Semver{Major: 1, Minor: 32},
	MinReplicasHPA:                     2,
	MinReplicasDeployment:              1, // of the console
}

// document is a YAML document in memory.
type document struct{ *bytes.Reader }

// Name returns a name for messages.
func (document) Name() string { return "rendered.yaml" }

// kubeScore returns everything that kube-score grades as a warning or as critical.
func kubeScore(objects []*unstructured.Unstructured) (problems []string, err error) {
	var content bytes.Buffer
	for _, object := range objects {
		text, err := yaml.Marshal(object.Object)
		if err != nil {
			return nil, fmt.Errorf("encoding %s: %w", object.GetName(), err)
		}
		content.WriteString("---\n" + string(text))
	}
	reader, err := parser.New(&parser.Config{})
	if err != nil {
		return nil, fmt.Errorf("creating kube-score's parser: %w", err)
	}
	parsed, err := reader.ParseFiles([]domain.NamedReader{document{bytes.NewReader(content.Bytes())}})
	if err != nil {
		return nil, fmt.Errorf("parsing the manifests: %w", err)
	}
	card, err := kubescore.Score(parsed, kubescore.RegisterAllChecks(parsed, &checks.Config{IgnoredTests: ignored}, &settings), &settings)
	if err != nil {
		return nil, fmt.Errorf("running kube-score: %w", err)
	}
	for _, object := range *card {
		for _, test := range object.Checks {
			if test.Skipped || test.Grade > scorecard.GradeWarning {
				continue
			}
			for _, comment := range test.Comments {
				problems = append(problems, fmt.Sprintf("%s: %s: %s %s", object.HumanFriendlyRef(), test.Check.ID, comment.Path, comment.Summary))
			}
		}
	}
	return problems, nil
}

// podSecurity evaluates all pods by the profile "restricted" of Pod Security, as the API server
// does. kube-score checks users, groups and read-only file systems beyond that.
func (c *checker) podSecurity() {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		c.addf("creating the evaluator of Pod Security: %v", err)
		return
	}
	for _, namespace := range c.namespaces {
		if namespace.Labels[api.EnforceLevelLabel] != string(api.LevelRestricted) {
			c.addf("Namespace %s: it does not enforce the profile %s", namespace.Name, api.LevelRestricted)
		}
	}
	for _, w := range c.workloads {
		for _, result := range evaluator.EvaluatePod(api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}, &w.pod.ObjectMeta, &w.pod.Spec) {
			if !result.Allowed {
				c.addf("%s: it violates PodSecurity: %s (%s)", w, result.ForbiddenReason, result.ForbiddenDetail)
			}
		}
		if mount := w.pod.Spec.AutomountServiceAccountToken; mount == nil || *mount {
			c.addf("%s: its pods get a token of Kubernetes' API, which they do not need", w)
		}
	}
}
