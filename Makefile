# Andiron. "make help" lists what there is.

GO          ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# Packages whose goroutines share state: the race detector watches their tests.
SHARED      := ./fhir/store/... ./fhir/interaction/... ./fhir/rest/... ./fhir/server/... ./fhir/terminology/... ./fhir/event/... ./fhir/rules/... ./fhir/async/... ./fhir/idempotency/... ./resources/automation/... ./resources/scheduling/... ./resources/patient/... ./resources/encounter/... ./resources/task/... ./search/... ./smart/... ./cmd/andiron/intake/...
# Packages whose tests stand on an engine; EXCHANGES are those that send requests and compare the answers.
ABOVE       := ./conformance/... ./fhir/event ./fhir/interaction ./fhir/rules ./fhir/server ./resources/... ./smart/...
EXCHANGES   := ./conformance/spec ./fhir/event ./fhir/interaction ./fhir/rules ./resources/core ./resources/number ./resources/patient ./resources/task
# Black-box tests of what several requests or servers want at once.
RACES       := ^Test(SCH9|SCH9Plain|SCH10|SCH11|SCH27|IDM[1-4]|AUT[1-5]|ADT[1-3]|ParameterOfAnotherProcess|ServerSurvivesKill)$$
FUZZTIME    ?= 20s
BENCHTIME   ?= 2s

export CGO_ENABLED ?= 0

.PHONY: help build run demo test test-mongo test-replica test-ferretdb race fuzz bench lint cover generate verify golden clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## compile the program to bin/andiron
	$(GO) build -trimpath -ldflags "-s -w" -o bin/andiron ./cmd/andiron

run: build ## start a demo hospital on http://localhost:8080/fhir, kept in ./data
	./bin/andiron demo --store sqlite:./data --addr 127.0.0.1:8080

demo: build ## the same on a store that is thrown away
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT INT TERM && ./bin/andiron demo --store "sqlite:$$dir" --addr 127.0.0.1:8080

test: ## all tests, and those of packages that share state under the race detector
	$(GO) test ./...
	@$(MAKE) --no-print-directory test-replica test-ferretdb
	@$(MAKE) --no-print-directory race

test-mongo: ## all that stands on an engine, on a MongoDB replica set: ANDIRON_TEST_MONGO='mongodb://127.0.0.1:27017/?replicaSet=rs0' make test-mongo
	@test -n "$$ANDIRON_TEST_MONGO" || { echo "set ANDIRON_TEST_MONGO to the URI of a replica set; README.md says how to start one"; exit 1; }
	$(GO) test -count 1 -timeout 60m -run 'TestMongo' -v ./fhir/store/mongo
	$(GO) test -count 1 -timeout 60m -p 1 $(ABOVE) ./cmd/andiron

test-replica: ## the exchange tests, and those in which servers race, on a MongoDB replica set in memory
	$(GO) run ./fhir/store/mongo/replica/with $(GO) test -count 1 $(EXCHANGES)
	$(GO) run ./fhir/store/mongo/replica/with $(GO) test -count 1 -run '$(RACES)' ./cmd/andiron

test-ferretdb: ## the search scripts on FerretDB, another server of the protocol; a minute, in a module of its own
	cd fhir/store/mongo/ferretdb && $(GO) test -count 1 -timeout 10m -run 'TestFerretDB/Search/^Scripts$$' .

race: ## tests of packages that share state, under the race detector (which needs a C compiler)
	@if command -v cc >/dev/null 2>&1; then \
		echo "CGO_ENABLED=1 $(GO) test -race -short $(SHARED)" && CGO_ENABLED=1 $(GO) test -race -short $(SHARED); \
	else echo "SKIPPED: the race detector needs a C compiler, and there is none"; fi

fuzz: ## every fuzz target for FUZZTIME (20s)
	@set -e; for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$target"; $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done

bench: build ## all benchmarks, in the form that benchstat reads; BENCHTIME and COUNT can be set
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) -count $(or $(COUNT),1) -timeout 60m ./...

lint: ## gofmt, go vet, staticcheck
	@unformatted=$$(gofmt -l cmd conformance fhir resources search smart); \
		if [ -n "$$unformatted" ]; then echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

cover: ## coverage by package, and coverage.out
	$(GO) test -coverprofile coverage.out ./...
	@$(GO) tool cover -func coverage.out | tail -1

generate: ## write fhir/r4/*.tsv from testdata/definitions
	$(GO) run ./cmd/fhirgen generate

verify: lint ## generated files are current, sources are formatted, vet, staticcheck and the layers are content
	$(GO) run ./cmd/fhirgen generate --check
	$(GO) test -count 1 -run 'Layers|FileSize|TopLevel|Names|NoGlobals' ./cmd/andiron

golden: ## rewrite the recorded answers of the exchange tests; read the difference before you commit it
	$(GO) test ./conformance/... ./resources/... -update

clean: ## remove what the other targets have made
	rm -rf bin coverage.out
