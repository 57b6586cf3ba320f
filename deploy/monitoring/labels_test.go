package monitoring

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// eachJanitor are the beginnings of the metrics that every replica of the janitor shows alike: their sum means nothing.
var eachJanitor = []string{"longshore_operations", "longshore_due_chunks", "longshore_oldest_due_seconds", "longshore_queue_", "longshore_redis_memory_"}

// reader finds out which labels an expression's result has, and what is wrong with those that it uses.
type reader struct {
	known    catalog
	problems []string
}

func (r *reader) complain(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// labelsOf returns the labels that the result of an expression may have.
func (r *reader) labelsOf(node parser.Node) names {
	switch e := node.(type) {
	case *parser.VectorSelector:
		return r.selector(e)
	case *parser.AggregateExpr:
		return r.aggregation(e)
	case *parser.BinaryExpr:
		return r.operation(e)
	default: // what is left hands on the labels of what is in it
		all := setOf()
		for _, child := range parser.Children(node) {
			maps.Copy(all, r.labelsOf(child))
		}
		return all
	}
}

func (r *reader) selector(e *parser.VectorSelector) names {
	has, found := r.known.labels[e.Name]
	if !found {
		r.complain("no metric is named %q", e.Name)
		return setOf()
	}
	for _, matcher := range e.LabelMatchers {
		if matcher.Name != labels.MetricName && !has[matcher.Name] {
			r.complain("%s has no label %q", e.Name, matcher.Name)
		}
		r.value(matcher)
	}
	return has
}

// value complains of a value that the label never has: such a selector finds nothing, and nobody would notice.
func (r *reader) value(matcher *labels.Matcher) {
	may := r.known.values[matcher.Name]
	if may == nil {
		return
	}
	for value := range strings.SplitSeq(matcher.Value, "|") {
		if !may[value] {
			r.complain("the label %s is never %q", matcher.Name, value)
		}
	}
}

func (r *reader) aggregation(e *parser.AggregateExpr) names {
	has := r.labelsOf(e.Expr)
	r.want(has, e.Grouping, e)
	if e.Op == parser.SUM {
		r.refuseReplicas(e)
	}
	if !e.Without {
		return setOf(e.Grouping...)
	}
	left := maps.Clone(has)
	for _, name := range e.Grouping {
		delete(left, name)
	}
	return left
}

// refuseReplicas complains of a sum over what each janitor shows.
func (r *reader) refuseReplicas(sum *parser.AggregateExpr) {
	parser.Inspect(sum.Expr, func(node parser.Node, _ []parser.Node) error {
		selector, ok := node.(*parser.VectorSelector)
		if !ok || strings.HasPrefix(selector.Name, "longshore_operations_") { // counters of who did the work
			return nil
		}
		if slices.ContainsFunc(eachJanitor, func(begin string) bool { return strings.HasPrefix(selector.Name, begin) }) {
			r.complain("%s is shown by each janitor: take the max, not the sum", selector.Name)
		}
		return nil
	})
}

// operation follows the rules of PromQL for the labels of what two vectors make together.
func (r *reader) operation(e *parser.BinaryExpr) names {
	left, right := r.labelsOf(e.LHS), r.labelsOf(e.RHS)
	matching := e.VectorMatching
	if matching == nil { // one side is a number
		maps.Copy(left, right)
		return left
	}
	if matching.On {
		r.want(left, matching.MatchingLabels, e.LHS)
		r.want(right, matching.MatchingLabels, e.RHS)
	}
	result := setOf()
	switch {
	case e.Op == parser.LOR:
		maps.Copy(result, left)
		maps.Copy(result, right)
	case matching.Card == parser.CardManyToOne:
		r.want(right, matching.Include, e.RHS)
		maps.Copy(result, left)
	case matching.Card == parser.CardOneToMany:
		r.want(left, matching.Include, e.LHS)
		maps.Copy(result, right)
	case matching.On && !e.Op.IsSetOperator():
		return setOf(matching.MatchingLabels...)
	default:
		maps.Copy(result, left)
	}
	maps.Copy(result, setOf(matching.Include...))
	return result
}

// want complains of labels that an expression's result does not have.
func (r *reader) want(has names, wanted []string, e parser.Expr) {
	for _, name := range wanted {
		if !has[name] {
			r.complain("%s has no label %q", e, name)
		}
	}
}
