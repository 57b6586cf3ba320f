package compose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// powers wants a container that can do no more than its work.
func powers(_ plan, c types.ServiceConfig) []string {
	var problems []string
	if !c.ReadOnly {
		problems = append(problems, "its root file system can be written (read_only)")
	}
	if !slices.Equal(c.CapDrop, []string{"ALL"}) || len(c.CapAdd) > 0 || c.Privileged {
		problems = append(problems, "it has powers of root (cap_drop: [ALL])")
	}
	if !slices.Contains(c.SecurityOpt, "no-new-privileges:true") {
		problems = append(problems, "it may gain powers (security_opt: no-new-privileges:true)")
	}
	if user, _, _ := strings.Cut(c.User, ":"); user == "" || user == "root" || user == "0" {
		problems = append(problems, "it runs as root (user)")
	}
	if !slices.ContainsFunc(c.Tmpfs, func(mount string) bool { return strings.HasPrefix(mount, "/tmp:size=") }) {
		problems = append(problems, "it has no /tmp of a bounded size (tmpfs)")
	}
	return problems
}

// mostCores is what the machine of a laptop's Docker has at least: Docker refuses a limit above what there is.
const mostCores = 2

func limits(_ plan, c types.ServiceConfig) []string {
	if c.Deploy == nil || c.Deploy.Resources.Limits == nil {
		return []string{"it has no limits (deploy.resources.limits)"}
	}
	var problems []string
	limits := c.Deploy.Resources.Limits
	if limits.MemoryBytes <= 0 {
		problems = append(problems, "its memory has no limit")
	}
	if cores := limits.NanoCPUs.Value(); cores <= 0 || cores > mostCores {
		problems = append(problems, fmt.Sprintf("its limit of %v cores is not from 0 to %d", cores, mostCores))
	}
	return problems
}

// restarts wants every container back after a crash and after a reboot, but those that do their work once.
func restarts(p plan, c types.ServiceConfig) []string {
	want := "unless-stopped"
	if p.endsByItself(c.Name) {
		want = "no"
	}
	if c.Restart != want {
		return []string{fmt.Sprintf("restart is %q, not %q", c.Restart, want)}
	}
	return nil
}

// logs wants a driver that deletes what is old; Docker's default keeps all.
func logs(_ plan, c types.ServiceConfig) []string {
	if c.Logging == nil || c.Logging.Driver != "local" {
		return []string{"its log may fill the disk (logging: driver local)"}
	}
	return nil
}

// publishedHere wants ports on this machine alone: what else may reach them is an operator's decision.
func publishedHere(_ plan, c types.ServiceConfig) []string {
	var problems []string
	for _, port := range c.Ports {
		if port.HostIP != "127.0.0.1" {
			problems = append(problems, fmt.Sprintf("port %d is published on %q, not 127.0.0.1", port.Target, port.HostIP))
		}
	}
	return problems
}
