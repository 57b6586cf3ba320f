# The one door to everything in this repository. Go is the only thing that must be there already.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Arguments for run, test and bench, such as: make test ARGS='-run TestImport ./e2e/...'
ARGS ?=

# Built and not `go run`, which passes no signal on and hides exit codes.
launch := go build -buildvcs=false -o .bin/ ./deploy/local && exec .bin/local
linter := .bin/golangci-lint
apiserver := .bin/k8s/kube-apiserver
# Every module of go.work, as folders. The tools' module is not among them: to tidy it, go would download what the tests
# of every linter need.
modules = $$(go list -m -f '{{.Dir}}')
# golangci-lint checks nothing when it is given ./... at the root of a workspace.
packages = $$(go list -m -f '{{.Dir}}/...')

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## Start Postgres, Redis and the services, import a sample, serve until Ctrl-C
	@$(launch) run

.PHONY: demo
demo: ## The same, and stop when the sample is imported
	@$(launch) demo

.PHONY: test
test: ## Run all tests against a Postgres and a Redis of their own
	@$(launch) test $(if $(ARGS),-- $(ARGS))

.PHONY: bench
bench: ## Measure imports against bare COPY
	@$(launch) bench $(if $(ARGS),-- $(ARGS))

.PHONY: image
image: ## Build the container images without a Docker engine, into .bin/images
	@go run -buildvcs=false ./deploy/image $(ARGS)

.PHONY: docs
docs: ## Write docs/configuration.md from the configuration structs
	@go run -buildvcs=false ./deploy/local/configdoc/write

.PHONY: k8s-check
k8s-check: $(apiserver) ## Offer the Kubernetes manifests to a real API server (built first: five minutes, once)
	@go run -buildvcs=false ./deploy/k8s/check/write .bin/k8s/manifests deploy/k8s/overlays/dev deploy/k8s/overlays/prod
	@GOWORK=off CGO_ENABLED=0 go -C deploy/k8s/server build -trimpath -buildvcs=false -ldflags=-s -o "$(CURDIR)/.bin/k8s/" ./dryrun
	@.bin/k8s/dryrun

.PHONY: check
check: lint standalone tidy-check ## All checks that need no database

.PHONY: lint
lint: $(linter) ## Check style, errors and the architecture's import rules
	@$(linter) run $(packages)

.PHONY: fmt
fmt: $(linter) ## Format all Go code
	@$(linter) fmt $(packages)

.PHONY: standalone
standalone: ## Build and vet each module without the workspace
	@for module in $(modules); do \
		echo "standalone $${module#$(CURDIR)/}"; \
		GOWORK=off go -C "$$module" build -o /dev/null ./...; \
		GOWORK=off go -C "$$module" vet ./...; \
	done

.PHONY: tidy
tidy: ## Tidy every module and bring all to the same versions
	@for module in $(modules); do GOWORK=off go -C "$$module" mod tidy; done
	@go work sync
	@for module in $(modules); do GOWORK=off go -C "$$module" mod tidy; done

.PHONY: tidy-check
tidy-check:
	@for module in $(modules); do \
		GOWORK=off go -C "$$module" mod tidy -diff || { echo "$$module is not tidy: run make tidy" >&2; exit 1; }; \
	done

.PHONY: ci
ci: check test ## What has to pass before a change is taken

$(linter): deploy/tools/go.mod deploy/tools/go.sum
	@echo "building golangci-lint (a minute, once)"
	@GOWORK=off GOBIN="$(CURDIR)/.bin" go -C deploy/tools install tool

# Kubernetes' and etcd's modules replace and require what no service should: their module is not in the workspace either.
$(apiserver): deploy/k8s/server/go.mod deploy/k8s/server/go.sum
	@echo "building etcd and kube-apiserver (five minutes, once)"
	@mkdir -p .bin/k8s
	@GOWORK=off CGO_ENABLED=0 go -C deploy/k8s/server build -trimpath -buildvcs=false -ldflags=-s -o "$(CURDIR)/.bin/k8s/" ./etcd ./kube-apiserver
	@touch $(apiserver)
