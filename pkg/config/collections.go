package config

// Collections configures what the api and the workers have to know about collections.
type Collections struct {
	// Shipped is whether the collections that come with Longshore, such as tools, are served besides those
	// that are stored. Use the same value for all services.
	Shipped bool `env:"LONGSHORE_SHIPPED_COLLECTIONS" envDefault:"true"`
	// Roles is the list of the roles in Postgres with which collections may be read and written,
	// separated by commas: those that collections name in x-longshore.role, and those of principals
	// where it is claim. The role of the workers must be a member of each; otherwise they do not start.
	// Use the same value for the api and the workers.
	Roles []string `env:"LONGSHORE_ROLES"`
}
