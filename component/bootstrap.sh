#!/bin/sh
# Finds the notifier, checks it and runs it with its arguments. `release/render` puts it into the component, between
# single quotes, so it has none; component.yml sets the variables of the next line before it.
# shellcheck disable=SC2154,SC2317,SC3067
: "$version" "$project" "$sha256_module" "$allow_hosts" "$slack_api_url" "$module" "$digest"
: "$slim_x86_64" "$slim_aarch64" "$full_x86_64" "$full_aarch64"

set +xueCf
# What an exported function or variable could change of the tools below.
unset -f "[" cd chmod command curl date echo false gzip kill mkdir mv openssl printf read rm sha256sum shasum sleep true ulimit \
  umask uname wait wget
unset CDPATH GZIP IFS SYSTEM_WGETRC WGETRC
umask 077
echo "pipeline-notifier $version: $*" >&2

skip() {
  printf "warning: %s; the job goes on without a notification\nnotify: skipped reason=%s\n" "$2" "$1" >&2
  exit 0
}
# Hundredths of a second by a clock that nobody sets.
now() {
  { read -r up _ </proc/uptime; } 2>/dev/null
  case "$up" in [0-9]*.[0-9][0-9]) now=$((${up%.*}00 + 1${up#*.} - 100)) ;; *) now=$(date +%s 2>/dev/null)00 ;; esac
}
now
begun=$now

# Whatever was started ends with us, and what is kept goes with the last hook of the job.
child="" guard="" kept="" elsewhere=""
stop() {
  [ -z "$child" ] || kill "$child" 2>/dev/null
  [ -z "$guard" ] || kill "$guard" 2>/dev/null
  exit 143
}
clean() {
  [ -z "$elsewhere" ] || rm -rf "$elsewhere"
  case " $last " in *" deploy-started "*) ;; *) [ -z "$kept" ] || [ ! -d "$kept" ] || rm -rf "$kept" ;; esac
}
last=$*
trap stop TERM INT HUP
trap clean EXIT
await() {
  wait "$child"
  status=$?
  child=""
  return "$status"
}
# What is killed says nothing more.
run() {
  "$@" </dev/null &
  child=$!
  await || [ "$status" -le 128 ] || echo "notify: failed reason=killed" >&2
}
# Characters of an address that no shell and no configuration reads as anything else.
is_plain() {
  case "$1" in *[!A-Za-z0-9._~:/?@!\&\(\)*+,\;=%-]*) return 1 ;; http://?* | https://?*) ;; *) return 1 ;; esac
}

# Nothing is run that stands in the checkout. What a subshell finds out without a process: the checkout, and what is left of PATH.
found=$(
  cd -P "${CI_PROJECT_DIR:-.}" 2>/dev/null || :
  checkout=${PWD%/} rest=$PATH: found=""
  while [ -n "$rest" ]; do
    entry=${rest%%:*} rest=${rest#*:}
    case "$entry" in /*) cd -P "$entry" 2>/dev/null || continue ;; *) continue ;; esac
    case "$PWD/" in "$checkout"/*) [ -n "$checkout" ] || found=$found:$PWD ;; *) found=$found:$PWD ;; esac
  done
  # An empty one would be the working directory.
  [ -n "$found" ] || found=:/usr/local/bin:/usr/bin:/bin
  # Temporary files stay out of the checkout too.
  case "${TMPDIR:-}" in *:*) temporary=/tmp ;; /*) temporary=${TMPDIR%/} ;; *) temporary=/tmp ;; esac
  case "$(cd -P "$temporary" 2>/dev/null && pwd)/" in "$checkout"/*) temporary=/tmp ;; esac
  echo "$temporary:${found#:}"
)
temporary=${found%%:*} PATH=${found#*:}

# Where releases are, and the address as a line may show it.
packages=${NOTIFIER_PACKAGE_URL:-${CI_API_V4_URL:-}/projects/$project/packages/generic/pipeline-notifier/$version}
packages=${packages%/}
is_plain "$packages" || packages=""
case "$packages" in *@*) shown="the address of package_url" ;; *) shown=$packages ;; esac

# What decides where a secret goes and what is run is a literal: no variable of a pipeline can change it.
set -- "$@" --allow-hosts "$allow_hosts" --slack-api-url "$slack_api_url"
case "$module,$digest" in ?*,?* | ,) ;; *)
  echo "warning: of the inputs module_url and module_sha256 one is empty; the messages are those of this release" >&2
  module="" ;;
esac
# The notifier that jobs download runs the module of its own release; the full one has a compiler, for any other.
build=full-
if [ -z "$module" ]; then
  module=$packages/notifier.wasm digest=$sha256_module build=""
fi
# An address with credentials is no argument.
case "$module" in *@* | /*) ;; *) set -- "$@" --module "$module" --module-sha256 "$digest" ;; esac

# What is in the image is used as it is.
notifier=$(command -v pipeline-notifier)
case "$notifier" in
  /*)
    run "$notifier" "$@"
    exit 0 ;;
esac

# The build for an architecture: the name of its file, the digest of it packed, and the one that it unpacks to.
for_architecture() {
  case "$build$1" in
    x86_64) pins=$slim_x86_64 ;;
    aarch64) pins=$slim_aarch64 ;;
    full-x86_64) pins=$full_x86_64 ;;
    full-aarch64) pins=$full_aarch64 ;;
  esac
  file=pipeline-notifier-$build$1-linux sha256_packed=${pins%:*} sha256=${pins#*:}
}
# Whether a file is what a digest says.
is_pinned() {
  found=""
  if command -v sha256sum >/dev/null 2>&1; then found=$(sha256sum <"$1" 2>/dev/null)
  elif command -v shasum >/dev/null 2>&1; then found=$(shasum -a 256 <"$1" 2>/dev/null)
  elif command -v openssl >/dev/null 2>&1; then found=$(openssl dgst -sha256 -r <"$1" 2>/dev/null)
  else skip no_tool "neither sha256sum, shasum nor openssl is in this image, and nothing is run unchecked"
  fi
  [ "${found%% *}" = "$2" ]
}
# Whether one of ours is kept: no link, and of this user.
is_kept() {
  [ -f "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && is_pinned "$1" "$2"
}
start() {
  now
  spent=$((now - begun))
  run "$notifier" "$@" --spent "$((spent / 100)).$((spent % 100 / 10))"
  case "$status" in
    126 | 127) skip exec "the notifier cannot be run here (the directory may be mounted noexec); TMPDIR can name another" ;;
  esac
  exit 0
}

# The directory of this job beside its checkout, ours alone: the one that is there, with what an earlier hook unpacked.
case "${CI_JOB_ID:-}" in "" | *[!0-9]*) name=pipeline-notifier-$$ last="" ;; *) name=pipeline-notifier-$CI_JOB_ID ;; esac
beside=${CI_PROJECT_DIR:-/nowhere} beside=${beside%/}.tmp
for place in "$beside/$name" "$temporary/$name"; do
  if [ -d "$place" ] && [ ! -L "$place" ] && [ -O "$place" ] && chmod 700 "$place"; then kept=$place; break; fi
done
for architecture in x86_64 aarch64; do
  for_architecture "$architecture"
  notifier=$kept/$file
  [ -z "$kept" ] || [ ! -x "$notifier" ] || ! is_kept "$notifier" "$sha256" || start "$@"
done

case "$(uname -sm)" in
  "Linux x86_64" | "Linux amd64") for_architecture x86_64 ;;
  "Linux aarch64" | "Linux arm64") for_architecture aarch64 ;;
  *) skip unsupported_system "there is a notifier for Linux on x86_64 and aarch64 alone, and this is $(uname -sm)" ;;
esac
[ -n "$packages" ] || skip bad_package_url "NOTIFIER_PACKAGE_URL, or without it CI_API_V4_URL, is no address of http:// or https:// in plain characters"
for place in "$beside/$name" "$temporary/$name"; do
  [ -n "$kept" ] || ! mkdir "$place" 2>/dev/null || kept=$place
done
# What is in the way of a file of ours may be a link, or anything.
clear() {
  if [ -e "$1" ] || [ -L "$1" ]; then rm -rf "$1"; fi
}
{ [ -n "$kept" ] && clear "$kept/answer" && true >"$kept/answer"; } 2>/dev/null ||
  skip io "no directory is writable to unpack the notifier in; TMPDIR can name one"

# Seconds, of which a download may take three fifths: the rest is for Slack.
whole=${NOTIFIER_TIMEOUT:-}
while true; do
  case "$whole" in [[:space:]]*) whole=${whole#?} ;; *[[:space:]]) whole=${whole%?} ;; *) break ;; esac
done
case "$whole" in "" | . | *[!0-9.]* | *.*.*) whole=5 ;; .*) whole=0 ;; esac
whole=${whole%%.*}
while case "$whole" in 0?*) true ;; *) false ;; esac; do whole=${whole#0}; done
case "$whole" in ????*) whole=5 ;; esac
[ "$whole" -le 300 ] || whole=5
left() {
  now
  left=$((whole * 60 + 30 * !whole - now + begun))
  [ "$left" -gt 9 ] || left=10
  left=$((left / 100)).$((left % 100 / 10))
}

# The job token goes to the GitLab of this job alone, over https, and never along with a redirect.
token=""
url=$packages/$file.gz packed=$kept/$file.gz
case "$url" in
  *@*) ;;
  "${CI_API_V4_URL:-none}"/*)
    case "$CI_API_V4_URL" in "${CI_SERVER_URL:-none}"/*)
      case "$url" in
        https://* | http://localhost[:/]* | http://127.0.0.1[:/]* | http://\[::1\][:/]*) token=${CI_JOB_TOKEN:-} ;;
      esac ;;
    esac ;;
esac
case "$token" in *[!A-Za-z0-9_.-]*) token="" ;; esac

# Ends the child after some seconds, whatever it waits for: curl before 7.87 waits for a name server as long as that likes.
watch() {
  (
    trap "kill \$sleeper 2>/dev/null; exit" TERM
    sleep "$1" 2>/dev/null & sleeper=$!
    wait "$sleeper" && kill -KILL "$child"
  ) >/dev/null 2>&1 &
  guard=$!
}
unwatch() {
  kill "$guard" 2>/dev/null
  guard=""
}

# Addresses and the token go to curl by stdin. What grows beyond a release is cut off. Old ones know whole seconds alone.
with_curl() {
  left
  {
    echo "url = \"$1\""
    [ -z "$2" ] || echo "header = \"JOB-TOKEN: $2\""
  } | (
    ulimit -f 10240
    exec curl -q --config - --silent --fail --globoff --proto =http,https --connect-timeout 2 --max-time "$((${left%.*} + 1))" \
      --max-filesize 5000000 --output "$packed" --write-out "%{redirect_url}\n"
  ) >"$kept/answer" 2>/dev/null &
  child=$!
  watch "$left"
  await 2>/dev/null
  unwatch
  return "$status"
}
# wget cannot be told a time for the whole, and busybox nothing of redirects. It goes without a configuration.
with_wget() {
  left
  token_header=""
  [ -z "$2" ] || token_header="--header=JOB-TOKEN: $2"
  (
    export HOME="$kept"
    ulimit -f 10240
    exec wget ${gnu:+-S --tries=1 --max-redirect=0} -O "$packed" ${token_header:+"$token_header"} "$1"
  ) >"$kept/answer" 2>&1 </dev/null &
  child=$!
  watch "$left"
  await 2>/dev/null
  unwatch
  return "$status"
}
fetch() {
  if command -v curl >/dev/null 2>&1; then
    with_curl "$url" "$token" || {
      [ "$status" != 23 ] || skip io "the notifier could not be written to ${kept%/*} (disk full?); TMPDIR can name another place"
      return 1
    }
    read -r location <"$kept/answer" || location=""
    [ -z "$location" ] || { is_plain "$location" && with_curl "$location" ""; }
  elif command -v wget >/dev/null 2>&1; then
    case "$url" in *@*) skip no_tool "package_url holds credentials, which wget would show to every process, and curl is not in this image" ;; esac
    clear "$kept/wgetrc"
    true >"$kept/wgetrc"
    export WGETRC="$kept/wgetrc"
    gnu=""
    # The successor of GNU wget follows redirects with the token, and busybox shows it to a proxy.
    case "$(wget --version 2>/dev/null)" in
      "GNU Wget "*) gnu=yes ;;
      "GNU Wget2"*) token="" ;;
      *) [ -z "${http_proxy:-}${https_proxy:-}" ] || token="" ;;
    esac
    with_wget "$url" "$token" && return 0
    location=""
    while read -r header value _; do
      case "$header" in [Ll]ocation:) location=$value ;; esac
    done <"$kept/answer"
    is_plain "$location" && with_wget "$location" ""
  else
    skip no_tool "neither curl nor wget is in this image; add one, or the notifier itself"
  fi
}
if ! is_kept "$packed" "$sha256_packed"; then
  clear "$packed"
  fetch ||
    skip artifact_unavailable "the notifier could not be downloaded from $shown; check that this job may read the packages there (CI/CD job token allowlist), and the network"
  is_pinned "$packed" "$sha256_packed" ||
    skip checksum "what $shown served is not the notifier of release $version (its SHA-256 differs); it is not run"
fi
# Where the directory of the job is mounted noexec, or full, another one may not be.
unpack() {
  notifier=$1/$file
  clear "$notifier"
  { gzip -dc <"$packed" >"$notifier" && chmod 700 "$notifier" && [ -x "$notifier" ]; } 2>/dev/null
}
unpack "$kept" || {
  elsewhere=$temporary/pipeline-notifier-run.$$
  { mkdir "$elsewhere" && unpack "$elsewhere"; } 2>/dev/null
} || {
  [ ! -s "$kept/$file" ] || skip exec "the notifier cannot be run here (the directory may be mounted noexec); TMPDIR can name another"
  skip io "the notifier could not be unpacked (disk full, or no gzip in this image)"
}
start "$@"
