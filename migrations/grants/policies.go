package grants

// ProtectedTables returns the tables of the schema xforce that have policies. The rows of task_progress
// belong to a tenant too, but the workers of the release before tenants COPY into it, which Postgres
// refuses where row-level security is active: it follows in the next release.
func ProtectedTables() []string {
	return []string{
		"tasks", "task_chunks", "task_outputs", "task_events", "task_labels", "held_chunks", "upload_parts", "upload_pieces",
		"audit_log",
	}
}

// ProtectStatement adds the policies of a table for the roles of API, Worker and Reader, which are its
// arguments after the table. A role without a policy sees no row.
const ProtectStatement = `SELECT xforce.protect($1, $2, $3, $4)`
