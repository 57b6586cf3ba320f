package manifest

import (
	"cmp"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// releaseLabel tells the release of an object.
const releaseLabel = "app.kubernetes.io/version"

// images: our programs' are longshore/<program> of any registry, of one release; all have a tag which is not one that moves, or a digest.
func images(c *Cluster, want Expectations, found *problems) {
	releases := map[string]bool{}
	for _, w := range c.Workloads {
		for _, container := range w.Template.Spec.Containers {
			name, tag, pinned := imageParts(container.Image)
			if !pinned && (tag == "" || tag == "latest") {
				found.addf("%s: the image %s has no tag of its own", w, container.Image)
			}
			if w.ours(want) {
				checkImage(w, container, name, found)
				releases[checkRelease(w, tag, found)] = true
			}
		}
	}
	if len(releases) > 1 {
		found.addf("the programs are of %d different releases", len(releases))
	}
}

// checkImage: an image of no registry is brought to the nodes by hand; asked for, it would come from docker.io, from whoever has the name.
func checkImage(w Workload, container corev1.Container, name string, found *problems) {
	registry := strings.TrimSuffix(name, "longshore/"+w.program())
	if registry == name || (registry != "" && !strings.HasSuffix(registry, "/")) {
		found.addf("%s: the image %s is not that of the program %s", w, container.Image, w.program())
	}
	policy := corev1.PullIfNotPresent
	if registry == "" {
		policy = corev1.PullNever
	}
	if container.ImagePullPolicy != policy {
		found.addf("%s: imagePullPolicy of the image %s is %q, not %s", w, container.Image, container.ImagePullPolicy, policy)
	}
}

// checkRelease returns the release that the workload is of: what its label says, and its image's tag if there is one. A Job can't be
// changed, so its name tells its release as well.
func checkRelease(w Workload, tag string, found *problems) string {
	release := cmp.Or(w.Labels[releaseLabel], tag)
	if tag != "" && tag != release {
		found.addf("%s: its label says release %s, and its image's tag %s", w, release, tag)
	}
	if w.Kind == "Job" && w.Name != w.program()+"-"+release {
		found.addf("%s: it is not named %s-%s, so the next release could not be applied", w, w.program(), release)
	}
	return release
}

// imageParts takes an image's name apart: registry.example.com:5000/longshore/api:0.1.0, or with a digest, which pins what the tag means.
func imageParts(image string) (name, tag string, pinned bool) {
	name, _, pinned = strings.Cut(image, "@")
	if at := strings.LastIndexByte(name, ':'); at > strings.LastIndexByte(name, '/') {
		name, tag = name[:at], name[at+1:]
	}
	return name, tag, pinned
}
