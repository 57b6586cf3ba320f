// Package compose checks docker-compose.yml. compose-go loads and validates the file as `docker
// compose` does; the rules check what only this repository knows: that every image, command, port,
// variable and time fits the programs.
package compose

import (
	"context"
	"fmt"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
)

// File is the file's name, at the repository's root.
const File = "docker-compose.yml"

// Load reads File in the folder with the given variables and no others. The overrides are merged as
// docker-compose.override.yml is. Load returns an error for what compose rejects, and also for a
// variable that has neither a value nor a default, which compose replaces by an empty text.
func Load(ctx context.Context, folder string, variables map[string]string, overrides ...string) (*types.Project, error) {
	files := []types.ConfigFile{{Filename: folder + "/" + File}}
	for i, content := range overrides {
		files = append(files, types.ConfigFile{Filename: fmt.Sprintf("%s/override-%d.yml", folder, i), Content: []byte(content)})
	}
	project, err := loader.LoadWithContext(ctx, types.ConfigDetails{WorkingDir: folder, ConfigFiles: files, Environment: variables}, func(o *loader.Options) {
		o.Interpolate.Substitute = substitute
	})
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", File, err)
	}
	return project, nil
}

func substitute(text string, variables template.Mapping) (string, error) {
	return template.SubstituteWithOptions(text, variables, template.WithoutLogging, template.WithReplacementFunction(replace))
}

func replace(expression string, variables template.Mapping, config *template.Config) (string, error) {
	value, known, err := template.DefaultReplacementAppliedFunc(expression, variables, config)
	if err == nil && !known {
		return "", fmt.Errorf("%s is not set and has no default", expression)
	}
	return value, err
}
