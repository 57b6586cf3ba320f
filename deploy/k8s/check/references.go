package check

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// references: every object that a workload names is in the overlay or is provided. The API server
// accepts names of objects that do not exist.
func (c *checker) references() {
	for _, w := range c.workloads {
		var names []string
		if account := w.pod.Spec.ServiceAccountName; account != "" {
			names = append(names, "ServiceAccount "+account)
		}
		for _, source := range w.container.EnvFrom {
			if source.ConfigMapRef == nil {
				c.addf("%s: it reads variables from something else than a config map", w)
				continue
			}
			names = append(names, "ConfigMap "+source.ConfigMapRef.Name)
		}
		for _, volume := range w.pod.Spec.Volumes {
			if volume.ConfigMap != nil {
				names = append(names, "ConfigMap "+volume.ConfigMap.Name)
			}
		}
		for _, variable := range w.container.Env {
			if variable.ValueFrom != nil {
				names = append(names, c.secretOf(w, variable))
			}
		}
		for _, name := range names {
			if !c.exists[name] && !slices.Contains(provided, name) {
				c.addf("%s: there is no %s", w, name)
			}
		}
	}
}

// secretKey returns the key of a program's variable in its secret: the name of the variable, or for
// Postgres the one with the address for the program's role.
func secretKey(program, variable string) string {
	switch {
	case variable != "DATABASE_URL" && variable != "LONGSHORE_DIRECT_DATABASE_URL":
		return variable
	case program == migrate:
		return variable + "_OWNER"
	case program == "api":
		return variable + "_API"
	}
	return variable + "_WORKER"
}

// secretOf returns the secret of a variable. The keys of provided secrets cannot be checked here.
func (c *checker) secretOf(w *workload, variable corev1.EnvVar) string {
	source := variable.ValueFrom.SecretKeyRef
	if source == nil {
		c.addf("%s: %s is neither a value nor in a secret", w, variable.Name)
		return "Secret longshore"
	}
	secret := c.secrets[source.Name]
	switch {
	case source.Key != secretKey(w.program(), variable.Name):
		c.addf("%s: %s is read from the key %s", w, variable.Name, source.Key)
	case secret != nil && (source.Optional == nil || !*source.Optional) && secret.Data[source.Key] == nil:
		c.addf("%s: the secret %s has no key %s", w, source.Name, source.Key)
	}
	return "Secret " + source.Name
}
