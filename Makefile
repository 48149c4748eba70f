# `make demo` shows what it does, `make test` runs all that CI runs. Both install what they need.

CARGO ?= cargo
RUST := $(shell sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
TARGETS := x86_64-unknown-linux-musl aarch64-unknown-linux-musl
TOOLS := $(CURDIR)/target/tools
export PATH := $(TOOLS)/bin:$(PATH)
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: demo playground pictures test setup lint unit integration web budgets fuzz settings templates golden docs bench dist verify

demo: setup-rust
	@echo "building the notifier, which takes some minutes the first time"
	$(CARGO) run --package runner -- demo

# The playground on this machine, for a browser: http://127.0.0.1:8080/
playground: target/playground
	@echo "the playground is at http://127.0.0.1:8080/"
	@python3 -m http.server --bind 127.0.0.1 --directory target/playground 8080

# The page, for any web server. GitLab Pages serves it as `public`.
.PHONY: target/playground
target/playground: setup-rust
	@npm --prefix playground ci --silent --no-audit --no-fund
	@$(CARGO) run --quiet --package playground -- $@

# The pictures of the docs, from the page in a real browser. Look at them before committing them.
pictures: target/playground setup-browser
	node tests/browser/pictures.mjs

test: setup lint unit integration web budgets

# What rust-toolchain.toml names, for where rustup is told not to install it by itself, and the targets of the releases, with the
# sources of the standard library, which is built along.
.PHONY: setup-rust
setup-rust:
	@command -v rustup >/dev/null || { echo "rustup is missing; install it from https://rustup.rs" >&2; exit 1; }
	@rustup toolchain list | grep -q '^$(RUST)-' || rustup toolchain install $(RUST) --profile minimal --no-self-update
	@rustup component add --toolchain $(RUST) clippy rustfmt rust-src 2>/dev/null
	@rustup target add --toolchain $(RUST) wasm32-wasip1 wasm32-unknown-unknown $(TARGETS) 2>/dev/null

# A browser, and what drives it. The page brings its fonts.
.PHONY: setup-browser
setup-browser:
	@[ -x "$${CHROMIUM:-/usr/bin/chromium}" ] || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends chromium; }
	@npm --prefix tests/browser ci --silent --no-audit --no-fund

# Everything else that the tests use, where it is missing: Debian packages, the pipeline engine, the schema checker.
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

# Installs Python packages where they are not already, in a directory of our own.
define pip
{ [ -x $(TOOLS)/bin/pip ] || python3 -m venv $(TOOLS) || { $(SUDO) apt-get install -y -qq python3-venv && python3 -m venv $(TOOLS); }; } && \
$(TOOLS)/bin/pip install --quiet --disable-pip-version-check --requirement $(1)
endef

lint:
	$(CARGO) fmt --all -- --check
	$(CARGO) fmt --manifest-path examples/modules/rust/Cargo.toml -- --check
	$(CARGO) deny --locked --log-level error check licenses bans sources
	$(CARGO) clippy --quiet --workspace --all-targets -- -D warnings
	$(CARGO) clippy --quiet --package runner --no-default-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --quiet --workspace --no-deps --document-private-items

# The module's own tests, natively and again as the WASI program that they will be.
unit:
	$(CARGO) test --quiet --package notifier-wasm --package runner
	$(CARGO) test --quiet --package notifier-wasm --target wasm32-wasip1

# Whole pipelines come last and alone: they keep every core busy, and other tests hold deadlines to the clock.
integration:
	$(CARGO) test --package tests -- --skip pipeline:: --skip consumers:: --skip load::
	$(CARGO) test --package tests -- pipeline:: consumers:: load::

# The same logic for the browser.
web:
	$(CARGO) clippy --quiet --package notifier-wasm --lib --target wasm32-unknown-unknown -- -D warnings

# The binaries as they are published, against the sizes that CONTRIBUTING.md promises.
budgets: dist
	python3 tests/budgets.py dist

# What a release consists of: the module, the binaries, their bill of materials and digests.
dist: setup-release
	release/build dist

# What a release is built with.
.PHONY: setup-release
setup-release: setup-rust
	@$(call pip,release/requirements.txt)

# A published set against this checkout: make verify [SET=DIRECTORY]. Builds it again.
SET ?= dist
verify: setup-release
	release/build target/rebuilt
	release/verify $(SET) target/rebuilt

# Coverage-guided fuzzing of each target, FUZZ_SECONDS long; what is found stays in fuzz/artifacts, new inputs in fuzz/corpus.
FUZZ_SECONDS ?= 600
fuzz: setup-rust
	@[ -x $(TOOLS)/bin/cargo-fuzz ] || $(CARGO) install --quiet --locked --profile dev --root $(TOOLS) cargo-fuzz@0.13.2
	@for target in context text settings message answers output; do \
	  $(CARGO) fuzz run --sanitizer none $$target -- -max_total_time=$(FUZZ_SECONDS) -max_len=8192 || exit 1; done

# Writes the settings of the table (runner/src/job/setting.rs) into the component, its templates, the docs and the playground.
settings:
	UPDATE_SETTINGS=1 $(CARGO) test --quiet --package tests the_component_has_every_setting
	$(MAKE) templates docs

# Renders the templates that GitLab publishes from component.yml.
templates:
	release/render >templates/notify.yml

# Writes the golden messages anew. Look at the difference before committing it.
golden:
	UPDATE_GOLDEN=1 $(CARGO) test --quiet --package tests golden

# Writes the generated parts of the docs anew.
docs:
	UPDATE_DOCS=1 $(CARGO) test --quiet --package tests -- the_reference_is_generated this_very_table

# Measures what docs/performance.md says and writes it there: minutes, on a machine that does nothing else.
bench: dist
	@for command in curl:curl jq:jq busybox:busybox dash:dash openssl:openssl /usr/bin/time:time; do \
	  command -v "$${command%:*}" >/dev/null || missing="$$missing $${command#*:}"; done; \
	[ -z "$$missing" ] || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; }
	@npm --prefix benches/peers ci --silent --no-audit --no-fund
	@$(call pip,benches/peers/requirements.txt)
	$(TOOLS)/bin/python3 benches/performance.py dist
