package config

import "github.com/longshore-io/longshore/pkg/collection"

// Collections configures the folder of collection files.
type Collections struct {
	// Dir is a folder of collection files in addition to the shipped ones. A file replaces the
	// shipped collection of the same name. Use the same files for all services. Empty uses the
	// shipped collections only.
	Dir string `env:"LONGSHORE_COLLECTIONS"`
	// Shipped is whether the collections that come with Longshore, such as tools, are served besides those
	// of the folder. Use the same value for all services.
	Shipped bool `env:"LONGSHORE_SHIPPED_COLLECTIONS" envDefault:"true"`
	// Roles is the list of the roles in Postgres with which collections may be read and written,
	// separated by commas: those that collections name in x-longshore.role, and those of principals
	// where it is claim. The role of the workers must be a member of each; otherwise they do not start.
	// Use the same value for the api and the workers.
	Roles []string `env:"LONGSHORE_ROLES"`
}

// Load reads the collections.
func (c Collections) Load() (*collection.Catalog, error) {
	if c.Shipped {
		return collection.Load(c.Dir)
	}
	return collection.LoadFolder(c.Dir)
}
