package check

import (
	"cmp"
	"regexp"

	corev1 "k8s.io/api/core/v1"
)

// releaseLabel is the label with the release of an object.
const releaseLabel = "app.kubernetes.io/version"

// imageName matches an image of ours: the registry, the program, the tag and the digest.
var imageName = regexp.MustCompile(`^(?:(.+)/)?longshore/([a-z]+)(?::([\w.-]+))?(@sha256:[0-9a-f]{64})?$`)

// images: our images are longshore/PROGRAM of any registry, and all of one release. kube-score
// checks that no tag is "latest".
func (c *checker) images() {
	releases := map[string]bool{}
	for _, w := range c.ours() {
		parts := imageName.FindStringSubmatch(w.container.Image)
		if len(parts) == 0 || parts[2] != w.program() || parts[3]+parts[4] == "" {
			c.addf("%s: the image %s is not a release of the program %s", w, w.container.Image, w.program())
			continue
		}
		// Without a registry the image is loaded onto the nodes by hand. If the cluster pulled it, it
		// would get an image of the owner of that name at docker.io.
		policy := corev1.PullIfNotPresent
		if parts[1] == "" {
			policy = corev1.PullNever
		}
		if w.container.ImagePullPolicy != policy {
			c.addf("%s: imagePullPolicy of the image %s is %q, not %s", w, w.container.Image, w.container.ImagePullPolicy, policy)
		}
		tag := parts[3]
		release := cmp.Or(w.labels[releaseLabel], tag)
		if tag != "" && tag != release {
			c.addf("%s: its label is release %s, and its image's tag is %s", w, release, tag)
		}
		// A Job is immutable, so each release needs a Job of another name.
		if w.job != nil && w.name != w.component()+"-"+release {
			c.addf("%s: its name is not %s-%s, so the next release could not be applied", w, w.component(), release)
		}
		releases[release] = true
	}
	if len(releases) > 1 {
		c.addf("the programs are of %d different releases", len(releases))
	}
}
