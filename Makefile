# Thin verbs; the work is in scripts/. `make` alone lists them.

STEP := scripts/step
LOCKED := $(if $(CI),--locked)
TARGET := $(or $(CARGO_TARGET_DIR),target)

.DEFAULT_GOAL := help
.PHONY: help up test journeys check pods image cluster cluster-down fmt deny advisories bench setup clean-cache

help: ## list these verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: ## build the stack and run examples/quickstart.yaml on this machine; installs what is missing
	@$(STEP) "tools" scripts/setup.sh up
	@$(STEP) "build" cargo build --release $(LOCKED) --workspace --bin commerce
	@exec $(TARGET)/release/commerce up -f examples/quickstart.yaml $(ARGS)

test: ## run all tests, with real servers beside them; installs what is missing
	@$(STEP) "tools" scripts/setup.sh test
	@scripts/test.sh

journeys: ## run only the SDK journeys, against a fresh stack or what the CTP_* variables name
	@$(STEP) "SDK journeys" scripts/journeys.sh $(ARGS)

pods: ## run the scenarios on real pods: two nodes, the images, the operator by Helm; takes root
	@$(STEP) "scenarios on pods" scripts/pods.sh $(ARGS)

check: ## what CI runs: format, clippy, bans, licences, sources, then all tests
	@$(STEP) "tools" scripts/setup.sh check
	@$(STEP) "format" cargo fmt --all --check
	@$(STEP) "clippy" cargo clippy --workspace --all-targets $(LOCKED) -- -D warnings
	@$(MAKE) --no-print-directory deny
	@scripts/test.sh

image: ## build the images and leave them in target/images; with Docker, or else buildah
	@$(STEP) "images" scripts/image.sh $(ARGS)

cluster: ## the quickstart in a Kubernetes cluster: of its own (takes root), or the one that KUBECONFIG names
	@$(STEP) "cluster" scripts/cluster.sh up $(ARGS)

cluster-down: ## end what `make cluster` started
	@scripts/cluster.sh down

fmt: ## format all Rust code
	@cargo fmt --all

deny: ## check dependencies: bans, licences, sources
	@$(STEP) "cargo-deny" scripts/setup.sh deny
	@$(STEP) "bans, licences, sources" cargo deny --all-features check --hide-inclusion-graph bans licenses sources

advisories: ## check dependencies against the published advisories (downloads their database)
	@$(STEP) "cargo-deny" scripts/setup.sh deny
	@$(STEP) "advisories" cargo deny check advisories

bench: ## measure, beside the peers, and write docs/benchmarks.md
	@$(STEP) "tools" scripts/setup.sh bench
	@$(STEP) "bench" bench/run.sh $(ARGS)

setup: ## install all that `make check` needs, and nothing else
	@scripts/setup.sh check

clean-cache: ## remove built tools and servers, kept outside of the checkout
	@scripts/clean-cache.sh
