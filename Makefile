# Targets for people. Each installs what it needs first and says what it does; `make help` lists them.
# The npm packages bring a Node.js that is new enough: first on PATH for everything below.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help install build check test chart-programs release test-cluster test-faults image image-test unit demo demo-gitops bench largest endurance fuzz torture golden format clean installed-for-check installed-for-image installed-for-release

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## What the tests and the demo need and this machine lacks (root, Debian 12)
	@scripts/install.sh all

installed-for-check:
	@scripts/install.sh check

installed-for-image:
	@scripts/install.sh all image

installed-for-release:
	@scripts/install.sh image release

build: installed-for-check ## dist/, which bin/kkv runs
	@node scripts/build.ts

check: installed-for-check ## Types, lint, format, dead code, generated files, unit tests: no root, no lab, 60 s at most
	@node scripts/total.ts --checks --unit

test: installed-for-image build chart-programs ## Everything: check, the real keepalived, the lab, the images, the cluster bed where it can run (root; 50 minutes)
	@node scripts/total.ts --checks --unit --faults --real --lab --image --cluster

# helm and kustomize, which the tests of the chart compare; without Go these tests are skipped, and say so.
chart-programs:
	@if test/cluster/build.sh can chart > /dev/null; then test/cluster/build.sh chart; fi

image: installed-for-check ## Both container images, by docker or buildah; REGISTRY=, IMAGE_TAG=, IMAGE_FLAGS= (docs/image.md)
	@scripts/image.sh

release: installed-for-release ## All artefacts of a release, signed and verified, in release/VERSION; VERSION= (docs/release.md)
	@scripts/release.sh "$(VERSION)"

image-test: installed-for-image build ## Builds the images without a registry of images, runs them, and the walk-through in the lab (root; 5 minutes)
	@test/image/run.sh

test-cluster: installed-for-image build ## The cluster bed alone (root; Go or ready programs; CONTRIBUTING.md, "The cluster bed")
	@test/cluster/run.sh $(PARTS)

test-faults: installed-for-image build ## The fault matrix, one line a row (docs/faults.md); ROWS=17,20-22 for some, FLAGS="--only unit" without root
	@node test/faults/run.ts $(FLAGS) $(ROWS)

unit: installed-for-check ## The unit tests alone; `make unit FILTER=text` for some of them
	@node scripts/test.ts $(if $(FILTER),--filter "$(FILTER)")

demo: install build ## The walk-through with three nodes, live pods and a power cut (root; 2 minutes)
	@test/lab/demo.sh

demo-gitops: installed-for-image build ## A commit, a broken one and its revert, with Flux on two real kubelets (root; Go or ready programs)
	@test/cluster/build.sh kube kubelet flux luahealth
	@test/cluster/gitops/part.sh --show

bench: install build ## Measures the pipeline, the latency and the memory
	@node bench/main.ts

largest: install ## The largest input of the contract, all of it changing, under the shipped memory limits; PARTS= for some (root; 10 minutes)
	@node bench/main.ts largest $(PARTS)

endurance: install ## 10,000 generations with the real keepalived: memory, descriptors, watches, files at each thousand (root; 20 minutes)
	@node test/endurance/main.ts $(GENERATIONS)

fuzz: installed-for-check ## Hostile strings in every field of every object, a million of them; SEED= replays, DURATION= seconds (20 minutes)
	@node test/fuzz/main.ts

torture: install build ## Random faults for 5 minutes against two lab nodes under requests; SEED= replays, DURATION= seconds (root; 7 minutes)
	@test/lab/torture.sh

golden: installed-for-check ## Rewrites the expected files; read the diff, commit only what you can explain
	@UPDATE_GOLDEN=1 node scripts/test.ts

format: installed-for-check ## Formats all files
	@prettier --write --log-level warn .

clean: ## Removes what was built and cached
	@rm -rf dist .cache test/lab/out
