# `make demo` shows the notifier at work. `make test` runs everything that CI runs. Both install the tools that they need.

CARGO := cargo
# These turn a check into an update. Only the targets below set them, for one command.
unexport UPDATE_GOLDEN UPDATE_SETTINGS UPDATE_DOCS
RUST := $(shell sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
TARGETS := x86_64-unknown-linux-musl aarch64-unknown-linux-musl
TOOLS := $(CURDIR)/target/tools
export PATH := $(TOOLS)/bin:$(PATH)
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: demo playground pictures test quick setup lint format clippy documentation dependencies unit integration as-root whole web slim \
  budgets fuzz settings templates golden docs bench measure dist verify

demo: setup-rust
	@echo "building the notifier; the first build takes some minutes"
	$(CARGO) run --package runner -- demo

# The playground on this machine, for a browser: make playground [PORT=8080]. It takes the next free port if that one is busy.
PORT ?= 8080
playground: target/playground
	@python3 playground/serve.py target/playground $(PORT)

# The playground for any web server. GitLab Pages serves it as `public`.
.PHONY: target/playground
target/playground: setup-rust
	@command -v npm >/dev/null || { echo "npm is missing; install Node.js 20 or later from https://nodejs.org" >&2; exit 1; }
	@echo "Building the playground: its libraries, and the module for the browser. The first time takes a few minutes."
	@npm --prefix playground ci --no-audit --no-fund
	@$(CARGO) run --package playground -- $@

# The playground as one HTML file, which works when it is opened from disk: target/playground.html.
.PHONY: target/playground.html
target/playground.html: target/playground
	@node playground/bundle.mjs target/playground $@
	@echo "open $@ in a browser"

# Takes the pictures of the docs from the playground in a real browser. Look at them before you commit them.
pictures: target/playground setup-browser
	node tests/browser/pictures.mjs

test: setup lint unit integration as-root whole web slim

# For use after each change: the tests that need no browser, pipeline engine, namespace or release build.
quick: setup-rust format clippy
	$(CARGO) test --quiet --workspace -- $(addprefix --skip ,$(SLOW) $(BROWSER) $(WHOLE))

# Slow tests that `quick` skips too: they wait for deadlines or prepare releases.
SLOW := bootstrap:: faults:: release:: first_message:: fuzz:: properties:: this_very_table
# Tests that need a browser, and tests of whole pipelines on the pipeline engine.
BROWSER := playground::
WHOLE := pipeline:: consumers::

# Installs the toolchain of rust-toolchain.toml and the targets of the releases, even if rustup's automatic installation is off.
# Release builds compile the standard library too, so its sources are installed.
.PHONY: setup-rust
setup-rust:
	@command -v rustup >/dev/null || { echo "rustup is missing; install it from https://rustup.rs" >&2; exit 1; }
	@rustup toolchain list | grep -q '^$(RUST)-' || rustup toolchain install $(RUST) --profile minimal --no-self-update
	@rustup component add --toolchain $(RUST) clippy rustfmt rust-src 2>/dev/null
	@rustup target add --toolchain $(RUST) wasm32-wasip1 wasm32-unknown-unknown $(TARGETS) 2>/dev/null

# A browser and its driver. The playground has its own fonts.
.PHONY: setup-browser
setup-browser:
	@[ -x "$${CHROMIUM:-/usr/bin/chromium}" ] || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends chromium; }
	@npm --prefix tests/browser ci --silent --no-audit --no-fund

# Installs everything else that the tests use, if it is missing: Debian packages, the pipeline engine, the schema checker.
setup: setup-rust setup-browser
	@for command in clang:clang wasm-ld:lld qemu-aarch64:qemu-user /usr/bin/time:time shellcheck:shellcheck busybox:busybox dash:dash rsync:rsync \
	  curl:curl wget:wget faketime:faketime ip:iproute2 openssl:openssl shasum:perl; do \
	  command -v "$${command%:*}" >/dev/null || missing="$$missing $${command#*:}"; done; \
	[ -d /usr/include/wasm32-wasi ] || missing="$$missing wasi-libc"; \
	[ -z "$$missing" ] || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; }
	@npm --prefix playground ci --silent --no-audit --no-fund
	@npm --prefix tests/engine ci --silent --no-audit --no-fund
	@$(call pip,tests/requirements.txt)
	@[ -x $(TOOLS)/bin/cargo-deny ] || $(CARGO) install --quiet --locked --profile dev --root $(TOOLS) cargo-deny@0.20.2

# Installs missing Python packages in a directory of our own.
define pip
{ [ -x $(TOOLS)/bin/pip ] || python3 -m venv $(TOOLS) || { $(SUDO) apt-get install -y -qq python3-venv && python3 -m venv $(TOOLS); }; } && \
$(TOOLS)/bin/pip install --quiet --disable-pip-version-check --requirement $(1)
endef

lint: format dependencies clippy documentation
	@[ "$$(date +%Y%m%d)" -lt 20270620 ] || echo "warning: replace wasi-common now; see ARCHITECTURE.md" >&2

format:
	$(CARGO) fmt --all -- --check
	$(CARGO) fmt --manifest-path examples/modules/rust/Cargo.toml -- --check

dependencies:
	$(CARGO) deny --locked --log-level error check licenses bans sources

clippy:
	$(CARGO) clippy --quiet --workspace --all-targets -- -D warnings
	$(CARGO) clippy --quiet --package runner --no-default-features -- -D warnings

documentation:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --quiet --workspace --no-deps --document-private-items

# Runs the module's own tests natively and again as a WASI program.
unit:
	$(CARGO) test --quiet --package notifier-wasm --package runner
	$(CARGO) test --quiet --package notifier-wasm --target wasm32-wasip1

integration:
	$(CARGO) test --package tests -- $(addprefix --skip ,$(WHOLE))

# Whole pipelines run separately: they keep every core busy, and other tests check deadlines by the clock.
whole:
	$(CARGO) test --package tests -- $(WHOLE)

# Tests that need root, or root with mount and network namespaces. `cargo test` ignores them. This target counts those that cannot run.
as-root:
	@run() { if [ "$$2" = yes ]; then $(CARGO) test --package tests -- --ignored "$$1::"; else \
	  echo "skipped $$($(CARGO) test --quiet --package tests -- --ignored --list "$$1::" | grep -c ': test$$') tests that need root$$3"; fi; }; \
	root=no; namespace=no; [ "$$(id -u)" != 0 ] || root=yes; \
	[ $$root = no ] || ! unshare --mount --net mount -t tmpfs x /mnt 2>/dev/null || namespace=yes; \
	run as_root $$root "" && run in_namespace $$namespace " and namespaces"

# Checks the same logic for the browser.
web:
	$(CARGO) clippy --quiet --package notifier-wasm --lib --target wasm32-unknown-unknown -- -D warnings

# Checks the files that jobs download, in their published form, against the budgets of CONTRIBUTING.md.
slim: setup-release
	release/build target/slim x86_64
	python3 tests/budgets.py target/slim

# Checks all published files against their budgets: make dist budgets.
budgets:
	python3 tests/budgets.py dist

# Builds a release: the module, the binaries, their bill of materials and digests.
dist: setup-release
	release/build dist

# Installs the tools of the release build.
.PHONY: setup-release
setup-release: setup-rust
	@$(call pip,release/requirements.txt)

# Checks a published set against a new build of this checkout: make verify [SET=DIRECTORY].
SET ?= dist
verify: setup-release
	release/build target/rebuilt
	release/verify $(SET) target/rebuilt

# Runs coverage-guided fuzzing of each target for FUZZ_SECONDS. Findings go to fuzz/artifacts, new inputs to fuzz/corpus.
FUZZ_SECONDS ?= 600
fuzz: setup-rust
	@[ -x $(TOOLS)/bin/cargo-fuzz ] || $(CARGO) install --quiet --locked --profile dev --root $(TOOLS) cargo-fuzz@0.13.2
	@for target in context text settings message answers output; do \
	  $(CARGO) fuzz run --sanitizer none $$target -- -max_total_time=$(FUZZ_SECONDS) -max_len=8192 || exit 1; done

# Writes the settings of the table (runner/src/job/setting.rs) into the component, its template and the docs. The playground reads
# the template when it is built.
settings:
	UPDATE_SETTINGS=1 $(CARGO) test --quiet --package tests the_component_has_every_setting
	$(MAKE) templates docs

# Generates templates/ from component.yml and component/digest.yml. GitLab publishes them.
templates:
	release/render >templates/notify.yml
	release/render release/pins component/digest.yml >templates/digest.yml

# Writes all golden messages, or that of one case: make golden CASE=deploy-failed-main. Look at the difference before you commit it.
CASE ?= all
golden:
	UPDATE_GOLDEN="$(CASE)" $(CARGO) test --quiet --package tests -- every_context_renders_to_its_golden_message

# Writes the generated parts of the docs.
docs:
	UPDATE_DOCS=1 $(CARGO) test --quiet --package tests -- the_reference_is_generated this_very_table which_wing_uses_which

# Measures the numbers of the docs and writes them there. Run it as root, on an idle machine. It takes minutes.
bench: dist
	@for command in curl:curl jq:jq busybox:busybox dash:dash openssl:openssl /usr/bin/time:time; do \
	  command -v "$${command%:*}" >/dev/null || missing="$$missing $${command#*:}"; done; \
	[ -z "$$missing" ] || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; }
	@npm --prefix benches/peers ci --silent --no-audit --no-fund
	@$(call pip,benches/peers/requirements.txt)
	$(TOOLS)/bin/python3 benches/performance.py dist
	$(MAKE) measure

# Measures how long jobs wait for servers that do not respond (docs/fault-matrix.md), and 1,000 messages at Slack's limit (docs/scale.md).
measure: setup
	UPDATE_DOCS=1 $(CARGO) test --package tests -- --ignored --show-output waits:: load::
