# The commands of this repository. Only Go, make and git must be installed.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Additional arguments of test, test-fast, test-all, bench, chaos and image, such as: make test ARGS='-run TestToolsImport ./e2e'
ARGS ?=
# How long make fuzz runs each target, and which: make fuzz FUZZTIME=10m FUZZ=pkg/intake.FuzzCSV
FUZZTIME ?= 2s
FUZZ ?=
# make clean DATA=1 deletes the data too.
DATA ?=

# Not `go run`, which passes no signals on and hides exit codes. -buildvcs=false here and below, because
# go build fails where git cannot read the repository (one of another user, or sources without .git). For
# the product's programs the launcher decides that; see buildVCS in deploy/local/programs.
launch := go build -buildvcs=false -o .bin/ ./deploy/local && exec .bin/local
linter := .bin/golangci-lint
promtool := .bin/promtool
govulncheck := .bin/govulncheck
apiserver := .bin/k8s/kube-apiserver
# The folders of the modules of go.work. The tools' module is not one of them, because go mod tidy would
# download the test dependencies of every linter.
modules = $$(go list -m -f '{{.Dir}}')
# golangci-lint checks nothing when it gets ./... at the root of a workspace.
packages = $$(go list -m -f '{{.Dir}}/...')

.PHONY: help
help:
	@awk -F ':.*## ' \
		'/^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '%s\n' '' 'Examples' \
		"  make test ARGS='-run TestToolsImport ./e2e'         one system test" \
		"  make test ARGS='-run TestRunStep ./pkg/store'       the tests of one function" \
		'  make run LONGSHORE_SAMPLE=yes                        import the sample also into the database of DATABASE_URL'

##@ Use

.PHONY: run
run: ## Start Postgres, Redis and the services, import a sample, serve until Ctrl-C
	@$(launch) run

.PHONY: demo
demo: ## Start the same, import the sample, and stop
	@$(launch) demo

.PHONY: sql
sql: ## Run SQL statements from standard input on the Postgres of make run
	@$(launch) sql

.PHONY: bench
bench: ## Measure imports against bare COPY
	@$(launch) bench $(if $(ARGS),-- $(ARGS))

##@ Develop

.PHONY: build
build: ## Build all programs into .bin
	@$(launch) build

.PHONY: test-fast
test-fast: ## Run the tests of test without the system tests, the benchmark, the images and the race detector
	@$(launch) test --fast $(if $(ARGS),-- $(ARGS))

.PHONY: fmt
fmt: $(linter) ## Format all Go code
	@$(linter) fmt $(packages)

.PHONY: docs
docs: ## Write docs/configuration.md from the configuration structs
	@go run -buildvcs=false ./deploy/local/configdoc/write

.PHONY: tidy
tidy: ## Tidy every module and bring all to the same versions
	@for module in $(modules); do GOWORK=off go -C "$$module" mod tidy; done
	@go work sync
	@for module in $(modules); do GOWORK=off go -C "$$module" mod tidy; done

.PHONY: clean
clean: ## Delete .bin and e2e/thirdparty/node_modules; with DATA=1 also the data of run, test and bench
ifneq ($(DATA),)
	@go run -buildvcs=false ./deploy/local delete-data
endif
	@rm -rf .bin e2e/thirdparty/node_modules

##@ Check

.PHONY: test
test: ## Run all tests but the extended ones on a Postgres and a Redis of their own, most with the race detector
	@$(launch) test $(if $(ARGS),-- $(ARGS))

.PHONY: test-all
test-all: ## Run all tests: the same and the extended ones, which are slow or start more servers
	@$(launch) test --all $(if $(ARGS),-- $(ARGS))

# -args, because the flags are those of the test.
.PHONY: chaos
chaos: ## Run all services under random faults, with a model of every record: ARGS='-duration 30m -seed 42'
	@$(launch) test -- -count=1 -v -timeout=0 ./e2e/chaos -args $(ARGS)

.PHONY: fuzz
fuzz: ## Run the fuzz targets, FUZZTIME each (2s), those that match FUZZ; make test-all runs them too
	@$(launch) fuzz --time $(FUZZTIME) --match '$(FUZZ)'

.PHONY: check
check: lint standalone tidy-check alerts vulnerabilities ## Run all checks that need no database

.PHONY: lint
lint: $(linter) ## Check style, errors and the architecture's import rules
	@$(linter) run $(packages)

.PHONY: standalone
standalone: ## Build and vet each module without the workspace
	@for module in $(modules); do \
		echo "standalone $${module#$(CURDIR)/}"; \
		GOWORK=off go -C "$$module" build -o /dev/null ./...; \
		GOWORK=off go -C "$$module" vet ./...; \
	done

.PHONY: tidy-check
tidy-check: ## Check that every module is tidy
	@for module in $(modules); do \
		GOWORK=off go -C "$$module" mod tidy -diff || { echo "$$module is not tidy: run make tidy" >&2; exit 1; }; \
	done

# promtool reads rule files only: the rules are the spec of a PrometheusRule, indented by two.
.PHONY: alerts
alerts: $(promtool) ## Test the alerts of Prometheus
	@mkdir -p .bin/alerts
	@sed -n '1,/^spec:/d; s/^  //; p' deploy/k8s/components/prometheus/rules.yaml > .bin/alerts/rules.yaml
	@cp deploy/monitoring/rules_test.yaml .bin/alerts/
	@$(promtool) check rules --lint=all --lint-fatal .bin/alerts/rules.yaml
	@$(promtool) test rules .bin/alerts/rules_test.yaml

.PHONY: vulnerabilities
vulnerabilities: $(govulncheck) ## Report known vulnerabilities, where their databases can be reached
	@deploy/tools/vulnerabilities.sh "$(CURDIR)/$(govulncheck)" $(packages)

.PHONY: ci
ci: check test-all ## Run everything that must pass before a change is merged

##@ Deploy

.PHONY: image
image: ## Build the container images without a Docker engine, into .bin/images
	@go run -buildvcs=false ./deploy/image $(ARGS)

.PHONY: k8s-check
k8s-check: $(apiserver) ## Apply the Kubernetes manifests to a real API server (built first: five minutes, once)
	@go run -buildvcs=false ./deploy/k8s/check/write .bin/k8s/manifests deploy/k8s/overlays/dev deploy/k8s/overlays/prod
	@GOWORK=off CGO_ENABLED=0 go -C deploy/k8s/server build -trimpath -buildvcs=false -ldflags=-s -o "$(CURDIR)/.bin/k8s/" ./dryrun
	@.bin/k8s/dryrun

$(linter): deploy/tools/go.mod deploy/tools/go.sum
	@echo "building golangci-lint (a minute, once)"
	@GOWORK=off GOBIN="$(CURDIR)/.bin" go -C deploy/tools install tool

$(govulncheck): deploy/tools/govulncheck/go.mod deploy/tools/govulncheck/go.sum
	@echo "building govulncheck (half a minute, once)"
	@GOWORK=off GOBIN="$(CURDIR)/.bin" go -C deploy/tools/govulncheck install -trimpath tool

# Without service discovery, which needs the clients of all clouds.
$(promtool): deploy/tools/promtool/go.mod deploy/tools/promtool/go.sum
	@echo "building promtool (two minutes, once)"
	@GOWORK=off GOBIN="$(CURDIR)/.bin" go -C deploy/tools/promtool install -trimpath -tags=remove_all_sd tool

# The modules of Kubernetes and etcd replace and require versions that no service should use, so they are
# not in the workspace either.
$(apiserver): deploy/k8s/server/go.mod deploy/k8s/server/go.sum
	@echo "building etcd and kube-apiserver (five minutes, once)"
	@mkdir -p .bin/k8s
	@GOWORK=off CGO_ENABLED=0 go -C deploy/k8s/server build -trimpath -buildvcs=false -ldflags=-s -o "$(CURDIR)/.bin/k8s/" ./etcd ./kube-apiserver
	@touch $(apiserver)
