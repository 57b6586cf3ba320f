package folder

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/longshore-io/longshore/pkg/collection"
)

// Usage describes the arguments of Run.
const Usage = `collections diff DIR [--tenant t] [--prune]
                        print what apply would change; exit with 1 if there is anything
       %[1]s collections apply DIR [--tenant t] [--prune] [--no-check]
                        store the collections of the files DIR/*.json, for all tenants unless one is named; with --prune
                        delete stored ones that came from a folder and have no file; with --no-check also store
                        collections that do not fit their tables`

var (
	// ErrUsage is returned for wrong arguments.
	ErrUsage = errors.New("wrong arguments")
	// ErrDiffers is returned by the command diff if apply would change something.
	ErrDiffers = errors.New("the stored collections differ from the folder")
)

// arguments are the arguments of the command.
type arguments struct {
	word, dir, tenant string
	prune, unchecked  bool
}

// Run runs the command collections with its arguments, and prints to out.
func Run(ctx context.Context, s Store, args []string, out io.Writer) error {
	a, err := parse(args)
	if err != nil {
		return err
	}
	differences, err := Compare(ctx, s, a.tenant, a.dir, a.prune)
	if err != nil {
		return err
	}
	differs := show(differences, out)
	switch {
	case a.word == "diff" && differs:
		return ErrDiffers
	case a.word == "apply":
		return Apply(ctx, s, a.tenant, differences, a.unchecked)
	}
	return nil
}

// parse reads the arguments. The folder may stand before the flags and behind them.
func parse(args []string) (a arguments, err error) {
	if len(args) < 2 || args[0] != "diff" && args[0] != "apply" {
		return a, ErrUsage
	}
	a.word = args[0]
	flags := flag.NewFlagSet("collections "+a.word, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&a.tenant, "tenant", collection.Shared, "")
	flags.BoolVar(&a.prune, "prune", false, "")
	if a.word == "apply" {
		flags.BoolVar(&a.unchecked, "no-check", false, "")
	}
	rest := args[1:]
	for len(rest) > 0 {
		if err := flags.Parse(rest); err != nil {
			return a, fmt.Errorf("%w: %w", ErrUsage, err)
		}
		if rest = flags.Args(); len(rest) == 0 {
			break
		}
		if a.dir != "" {
			return a, fmt.Errorf("%w: name one folder", ErrUsage)
		}
		a.dir, rest = rest[0], rest[1:]
	}
	if a.dir == "" {
		return a, fmt.Errorf("%w: name the folder of the collection files", ErrUsage)
	}
	return a, nil
}

// show prints differences and reports whether there are any.
func show(differences []Difference, out io.Writer) (differs bool) {
	for _, d := range differences {
		differs = differs || d.Action != Keep
		_, _ = fmt.Fprintf(out, "%-6s %s\n", d.Action, d.Name)
		for _, member := range d.Members {
			_, _ = fmt.Fprintf(out, "         %s\n", member)
		}
	}
	return differs
}
