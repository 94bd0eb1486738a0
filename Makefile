# hookdrill: `make help` lists the targets. People and CI call the same ones.
#
# make ends with 2 whenever a recipe fails, whatever the recipe's own exit code
# was. A pipeline that needs hookdrill's exit code runs `make build` and then
# calls bin/hookdrill itself.

SHELL         := /bin/sh
GO            ?= go
GOLANGCI_LINT ?= $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
OUT           ?= out
TEST_TIMEOUT  ?= 30m

# A variable becomes a flag only when it is set.
flag = $(if $($(2)),--$(1) '$(subst ','\'',$($(2)))')
flags = $(call flag,target,TARGET) $(call flag,contract,CONTRACT) $(call flag,key-env,KEY_ENV) \
        $(call flag,observe,OBSERVE) $(call flag,exec,EXEC) $(call flag,level,LEVEL) $(call flag,only,ONLY) \
        $(call flag,baseline,BASELINE) $(call flag,seed,SEED) $(call flag,out,OUT) $(ARGS)
loadflags = $(call flag,target,TARGET) $(call flag,contract,CONTRACT) $(call flag,key-env,KEY_ENV) \
        $(call flag,observe,OBSERVE) $(call flag,rate,RATE) $(call flag,duration,DURATION) \
        $(call flag,seed,SEED) $(call flag,out,OUT) $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help build bench-receiver bench-load bench-peers bench-mock conformance loadtest test lint fmt man release image docs site pictures killmatrix killmatrix-check verifiers vectors tidy-check cover clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "make conformance passes on TARGET CONTRACT KEY_ENV OBSERVE EXEC LEVEL ONLY BASELINE SEED OUT, and further flags in ARGS:"
	@echo "  make conformance TARGET=http://127.0.0.1:8080/webhooks/claude KEY_ENV=CLAUDE_WEBHOOK_KEY ARGS='--strict --quick'"
	@echo "make loadtest passes on TARGET CONTRACT KEY_ENV OBSERVE RATE DURATION SEED OUT, and further flags in ARGS:"
	@echo "  make loadtest TARGET=http://127.0.0.1:8080/webhooks/claude RATE=500 DURATION=30s"
	@echo "make itself ends with 2 on every failure; for hookdrill's own exit code call bin/hookdrill."

build: ## build bin/hookdrill
	$(GO) build -trimpath -o bin/hookdrill ./cmd/hookdrill

conformance: build ## judge TARGET, or without one the bundled receiver
	@bin/hookdrill conformance $(flags)

loadtest: build ## certify that TARGET takes RATE events a second, or without one the bundled receiver
	@bin/hookdrill loadtest $(loadflags)

test: ## run all tests, with the race detector and in random order
	$(GO) test -race -shuffle=on -timeout $(TEST_TIMEOUT) $(TEST_FLAGS) ./...
	$(MAKE) --no-print-directory verifiers

verifiers: ## run the tests against the providers' own verifiers, which are a module of their own
	cd verifiers && $(GO) test -shuffle=on -timeout $(TEST_TIMEOUT) $(TEST_FLAGS) ./...

lint: ## check the code with the pinned linter
	$(GOLANGCI_LINT) run ./...
	cd verifiers && $(GOLANGCI_LINT) run ./...

fmt: ## format the code
	$(GOLANGCI_LINT) fmt ./...

killmatrix: ## write docs/kill-matrix.md: which requirement catches which defect
	$(GO) run ./zoo/killmatrix

docs: ## write docs/requirements: a page for each requirement
	$(GO) run ./internal/reqpages

site: ## write the documentation as a static site into out/site
	$(GO) run ./internal/site

pictures: build ## take the pictures of reports in docs/ anew, with Chromium, of real runs
	@build/pictures

killmatrix-check: ## fail when a defect survives, or docs/kill-matrix.md is out of date
	$(GO) run ./zoo/killmatrix -check

bench-receiver: ## measure the reference receiver on PostgreSQL (DATABASE_URL, or Docker); ARGS='-out FILE'
	$(GO) build -o bin/benchreceiver ./internal/benchreceiver
	bin/benchreceiver $(ARGS)

bench-load: ## measure the load generator beside vegeta, k6, hey, bombardier and wrk, those that there are; ARGS='-out FILE'
	$(GO) build -o bin/benchload ./internal/benchload
	PATH="$(CURDIR)/bin/peers:$$PATH" bin/benchload $(ARGS)

bench-peers: ## install vegeta, k6, hey and bombardier into bin/peers, for bench-load
	GOBIN="$(CURDIR)/bin/peers" $(GO) install github.com/tsenart/vegeta/v12@v12.13.0
	GOBIN="$(CURDIR)/bin/peers" $(GO) install github.com/rakyll/hey@v0.1.5
	GOBIN="$(CURDIR)/bin/peers" $(GO) install github.com/codesenberg/bombardier@v1.2.6
	GOBIN="$(CURDIR)/bin/peers" $(GO) install go.k6.io/k6@v1.8.1

bench-mock: ## measure mock Claude with 10 thousand to a million deliveries pending, and its journal
	$(GO) test -run '^$$' -bench Pending -benchtime 1x ./mockclaude/engine
	$(GO) test -run '^$$' -bench Save ./mockclaude/datadir

vectors: ## write the test vectors of signatures into vectors/
	$(GO) run ./vectors/generate vectors

man: build ## write the manual pages into out/man1
	@bin/hookdrill man --out out/man1

release: ## build static binaries of a release, checksums and an SBOM into dist/; ARGS='linux/amd64'
	GO='$(GO)' build/release $(ARGS)

image: ## build the container image hookdrill:VERSION, of the static binary
	GO='$(GO)' SBOM=no build/release linux/$$($(GO) env GOARCH)
	mkdir -p dist/image/tmp dist/image/work
	DOCKER_BUILDKIT=0 docker build --quiet --build-arg TARGETARCH=$$($(GO) env GOARCH) --tag hookdrill:$$(dist/hookdrill-linux-$$($(GO) env GOARCH) version --json | sed 's/.*"version":"\([^"]*\)".*/\1/') .

tidy-check: ## fail when go.mod or go.sum is not tidy
	$(GO) mod tidy -diff
	cd verifiers && $(GO) mod tidy -diff

cover: ## measure the tests' coverage, into out/cover.html
	@mkdir -p out
	$(GO) test -timeout $(TEST_TIMEOUT) -coverpkg=./... -coverprofile=out/cover.out ./...
	$(GO) tool cover -func=out/cover.out | tail -n 1
	$(GO) tool cover -html=out/cover.out -o out/cover.html

clean: ## remove what these targets made
	rm -rf bin out dist
