package manifest

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// references: whatever is named is there, or is brought by whoever installs the overlay. What only the latter bring is read by a key
// that nobody can look up here.
func references(c *Cluster, want Expectations, found *problems) {
	for _, w := range c.Workloads {
		spec := w.Template.Spec
		if name := spec.ServiceAccountName; name != "" && c.Accounts[name] == nil {
			found.addf("%s: there is no service account %s", w, name)
		}
		for _, container := range spec.Containers {
			for _, source := range container.EnvFrom {
				if source.ConfigMapRef == nil || c.ConfigMaps[source.ConfigMapRef.Name] == nil {
					found.addf("%s: it takes variables from a config map that is not there", w)
				}
			}
			for _, variable := range container.Env {
				c.checkSource(w, variable, want, found)
			}
			checkMounts(w, container, found)
		}
		for _, volume := range spec.Volumes {
			if source := volume.ConfigMap; source != nil && c.ConfigMaps[source.Name] == nil && !slices.Contains(want.ConfigMaps, source.Name) {
				found.addf("%s: there is no config map %s", w, source.Name)
			}
		}
	}
}

func (c *Cluster) checkSource(w Workload, variable corev1.EnvVar, want Expectations, found *problems) {
	if variable.ValueFrom == nil {
		return
	}
	source := variable.ValueFrom.SecretKeyRef
	if source == nil {
		found.addf("%s: %s is neither a value nor in a secret", w, variable.Name)
		return
	}
	secret, here := c.Secrets[source.Name]
	_, optional := source.Optional, source.Optional != nil && *source.Optional
	switch {
	case !here && !slices.Contains(want.Secrets, source.Name):
		found.addf("%s: %s is in a secret %s, which is not there and which nobody is asked for", w, variable.Name, source.Name)
	case source.Key != variable.Name:
		found.addf("%s: %s is read from the key %s", w, variable.Name, source.Key)
	case here && !optional && secret.Data[source.Key] == nil:
		found.addf("%s: the secret %s has no key %s", w, source.Name, source.Key)
	}
}

func checkMounts(w Workload, container corev1.Container, found *problems) {
	for _, mount := range container.VolumeMounts {
		if !slices.ContainsFunc(w.Template.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name }) && w.Kind != "StatefulSet" {
			found.addf("%s: there is no volume %s", w, mount.Name)
		}
	}
}

// secretExamples stand for the values of secrets that are not in an overlay.
var secretExamples = map[string]string{
	"DATABASE_URL":                "postgres://longshore@postgres.example.com:5432/longshore?sslmode=verify-full",
	"REDIS_URL":                   "rediss://redis.example.com:6379/0",
	"LONGSHORE_CONSOLE_VIEWERS":   "mary:secret",
	"LONGSHORE_CONSOLE_OPERATORS": "john:secret",
}

// environment returns the container's variables with their values, where a server would put them together; a secret's is the overlay's, or
// an example.
func (c *Cluster) environment(container corev1.Container) map[string]string {
	variables := map[string]string{}
	for _, source := range container.EnvFrom {
		if source.ConfigMapRef != nil && c.ConfigMaps[source.ConfigMapRef.Name] != nil {
			maps.Copy(variables, c.ConfigMaps[source.ConfigMapRef.Name].Data)
		}
	}
	for _, variable := range container.Env {
		value := variable.Value
		if variable.ValueFrom != nil && variable.ValueFrom.SecretKeyRef != nil {
			value = c.secret(variable.ValueFrom.SecretKeyRef)
		}
		variables[variable.Name] = value
	}
	return variables
}

func (c *Cluster) secret(source *corev1.SecretKeySelector) string {
	var content string
	if secret := c.Secrets[source.Name]; secret != nil {
		content = string(secret.Data[source.Key])
	}
	return cmp.Or(content, secretExamples[source.Key])
}

// Environments returns the variables of every program of ours, NAME=value each, by the program's name.
func (c *Cluster) Environments(want Expectations) map[string][]string {
	environments := map[string][]string{}
	for _, w := range c.Workloads {
		if !w.ours(want) {
			continue
		}
		for _, container := range w.Template.Spec.Containers {
			for name, value := range c.environment(container) {
				environments[w.program()] = append(environments[w.program()], name+"="+value)
			}
			slices.Sort(environments[w.program()])
		}
	}
	return environments
}
