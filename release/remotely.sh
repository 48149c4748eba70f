# Sourced by release/tag and release/install, with the token of the repository in `token`. It makes the directory `scratch`.
# shellcheck shell=sh disable=SC2154

# git gets the password from the environment. In an address, the list of processes would show it.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
printf '#!/bin/sh\nprintenv PUSH_TOKEN\n' >"$scratch/askpass"
chmod 700 "$scratch/askpass"
# Runs git with the token. It ignores a credential that is stored for the same address.
remotely() {
  PUSH_TOKEN=$token GIT_ASKPASS=$scratch/askpass GIT_TERMINAL_PROMPT=0 git -c credential.helper= -c http.extraHeader= "$@"
}
