#!/bin/sh
# Finds the notifier, checks it and runs it with its arguments. `release/render` puts this script into the component.
# The script has no single quotes because the component puts it between two. component.yml sets the variables of the next line.
# shellcheck disable=SC2015,SC2154,SC2317,SC3045,SC3067
: "$version" "$project" "$sha256_module" "$allow_hosts" "$slack_api_url" "$module" "$digest"
: "$slim_x86_64" "$slim_aarch64" "$full_x86_64" "$full_aarch64"

set +xueCf
# Exported functions and variables could change the tools below.
unset -f "[" cd chmod command curl date echo false gzip kill mkdir openssl printf pwd read rm sha256sum shasum sleep true ulimit \
  umask uname wait wget
unset CDPATH GZIP IFS SYSTEM_WGETRC WGETRC
umask 077
echo "pipeline-notifier $version: $*" >&2

skip() {
  printf "warning: %s; the job goes on without a notification\nnotify: skipped reason=%s\n" "$2" "$1" >&2
  exit 0
}
# Sets the variable now, in hundredths of a second. Nobody can change the clock of /proc/uptime.
now() {
  { read -r up _ </proc/uptime; } 2>/dev/null
  case "$up" in [0-9]*.[0-9][0-9]) now=$((${up%.*}00 + 1${up#*.} - 100)) ;; *) now=$(date +%s 2>/dev/null)00 ;; esac
}
now
begun=$now

# The time limit of a hook, in seconds.
whole=${NOTIFIER_TIMEOUT:-}
while true; do
  case "$whole" in [[:space:]]*) whole=${whole#?} ;; *[[:space:]]) whole=${whole%?} ;; *) break ;; esac
done
case "$whole" in "" | . | *[!0-9.]* | *.*.*) whole=5 ;; .*) whole=0 ;; esac
whole=${whole%%.*}
while case "$whole" in 0?*) true ;; *) false ;; esac; do whole=${whole#0}; done
case "$whole" in ????*) whole=5 ;; esac
[ "$whole" -le 300 ] || whole=5

# The directory that the hooks of this job share. The best is beside the checkout, then below TMPDIR, then below /tmp.
case "${CI_JOB_ID:-}" in "" | *[!0-9]*) name=pipeline-notifier-$$ last="" ;; *) name=pipeline-notifier-$CI_JOB_ID last=$* ;; esac
beside=${CI_PROJECT_DIR:-}
while case "$beside" in */) true ;; *) false ;; esac; do beside=${beside%/}; done
case "$beside" in /*) beside=$beside.tmp/$name ;; *) beside="" ;; esac
temporary=/tmp

# Child processes end with this script. The last hook of the job deletes the shared directory.
child="" guard="" fetching="" over="" packed="" answer=""
stop() {
  [ -z "$child" ] || kill "$child" 2>/dev/null
  exit 143
}
clean() {
  [ -z "$guard" ] || kill "$guard" 2>/dev/null
  case " $last " in
    *" deploy-started "*) [ -z "$packed" ] || rm -f "$notifier" "$packed" "$answer" ;;
    *) for place in "$beside" "$temporary/$name" "/tmp/$name"; do
      [ ! -d "$place" ] || [ -L "$place" ] || [ ! -O "$place" ] || rm -rf "$place"
    done ;;
  esac
}
trap stop TERM INT HUP
trap clean EXIT

# One timer guards the whole script. After three fifths of the time it ends a download, because the rest is for Slack.
# curl before 7.87 waits for a name server without a limit. Just after the time limit the timer ends everything that hangs.
ends() {
  [ -z "$child" ] || kill -KILL "$child" 2>/dev/null
}
trap "[ -z \"\$fetching\" ] || ends" USR1
trap "over=yes; ends" USR2
tenths=$((whole * 6 + 3 * !whole))
(
  trap "kill \$sleeper 2>/dev/null; exit" TERM
  sleep "$((tenths / 10)).$((tenths % 10))" & sleeper=$!
  wait "$sleeper" && kill -USR1 "$$"
  tenths=$((whole * 10 + 5 * !whole + 4 - tenths))
  sleep "$((tenths / 10)).$((tenths % 10))" & sleeper=$!
  wait "$sleeper" && kill -USR2 "$$"
) >/dev/null 2>&1 &
guard=$!
# Waits for the child, even if signals interrupt the wait.
await() {
  while true; do
    wait "$child"
    status=$?
    kill -0 "$child" 2>/dev/null || break
  done
  child=""
}
# The same, without the message of the shell about a killed process. $1 names the process in our warning.
finish() {
  child=$!
  await 2>/dev/null
  [ -z "$over" ] || skip timeout "${1:-the download} hangs, and the time limit NOTIFIER_TIMEOUT is over"
  return "$status"
}
tool() {
  "$@" 2>/dev/null &
  finish "$1"
}
# Runs the notifier. A killed notifier prints no last line, so this function does. Status 126 or 127: it cannot run at all.
run() {
  now
  spent=$((now - begun))
  "$@" --spent "$((spent / 100)).$((spent % 100 / 10))" </dev/null &
  child=$!
  # The packed file is no longer needed.
  [ -z "$packed" ] || rm -f "$packed" "$answer"
  packed=""
  await
  case "$status$over" in
    *yes) skip timeout "$1 hangs, and the time limit NOTIFIER_TIMEOUT is over" ;;
    126 | 127) return 1 ;;
    129 | 1[3-9]? | [2-9]??) echo "notify: failed reason=killed" >&2 ;;
  esac
  exit 0
}
# True for an address with only characters that no shell and no configuration interprets.
is_plain() {
  case "$1" in *[!A-Za-z0-9._~:/?@!\&\(\)*+,\;=%-]*) return 1 ;; http://?* | https://?*) ;; *) return 1 ;; esac
}

# Programs in the checkout never run. A subshell finds the directories of PATH outside the checkout, without another process.
found=$(
  cd -P "${CI_PROJECT_DIR:-.}" 2>/dev/null || :
  checkout=${PWD%/} rest=$PATH: found=""
  while [ -n "$rest" ]; do
    entry=${rest%%:*} rest=${rest#*:}
    case "$entry" in /*) cd -P "$entry" 2>/dev/null || continue ;; *) continue ;; esac
    case "$PWD/" in "$checkout"/*) [ -n "$checkout" ] || found=$found:$PWD ;; *) found=$found:$PWD ;; esac
  done
  # An empty PATH would mean the working directory.
  [ -n "$found" ] || found=:/usr/local/bin:/usr/bin:/bin
  # Temporary files stay out of the checkout too.
  case "${TMPDIR:-}" in *:*) temporary=/tmp ;; /*) temporary=${TMPDIR%/} ;; *) temporary=/tmp ;; esac
  case "$(cd -P "$temporary" 2>/dev/null && pwd)/" in "$checkout"/*) temporary=/tmp ;; esac
  printf "%s\n" "$temporary:${found#:}"
)
temporary=${found%%:*} PATH=${found#*:}

# GitLab before 18.1 refuses an empty input with a regex, so "-" means empty. The notifier itself reads the other inputs this way.
[ "$module" != - ] || module=""
[ "$digest" != - ] || digest=""
[ "${NOTIFIER_PACKAGE_URL:-}" != - ] || NOTIFIER_PACKAGE_URL=""
# The address of the releases, and the form of it that the log may show.
packages=${NOTIFIER_PACKAGE_URL:-${CI_API_V4_URL:-}/projects/$project/packages/generic/pipeline-notifier/$version}
packages=${packages%/}
is_plain "$packages" || packages=""
case "$packages" in *@*) shown="the address of package_url" ;; *) shown=$packages ;; esac

# Literals decide where a secret goes and what runs. No variable of a pipeline can change them.
set -- "$@" --allow-hosts "$allow_hosts" --slack-api-url "$slack_api_url"
case "$module,$digest" in ?*,?* | ,) ;; *)
  echo "warning: of the inputs module_url and module_sha256 one is empty, and a module needs both; the messages are those of this release" >&2
  module="" ;;
esac
# The slim build runs only the module of its own release. The full build has a compiler for any other module.
build=full-
if [ -z "$module" ]; then
  module=$packages/notifier.wasm digest=$sha256_module build=""
fi
# An address with credentials must not become an argument.
case "$module" in *@* | /*) ;; *) set -- "$@" --module "$module" --module-sha256 "$digest" ;; esac

# A notifier in the image is used as it is, if it can run.
notifier=$(command -v pipeline-notifier)
case "$notifier" in
  /*) run "$notifier" "$@" || echo "warning: $notifier of this image cannot be run here; the notifier of release $version is downloaded" >&2 ;;
esac

# Sets the build for an architecture: its file name, and the digests of the packed and the unpacked file.
for_architecture() {
  case "$build$1" in
    x86_64) pins=$slim_x86_64 ;;
    aarch64) pins=$slim_aarch64 ;;
    full-x86_64) pins=$full_x86_64 ;;
    full-aarch64) pins=$full_aarch64 ;;
  esac
  file=pipeline-notifier-$build$1-linux sha256_packed=${pins%:*} sha256=${pins#*:}
}
# True if a file has this digest. None of our files needs two seconds of processor time.
is_pinned() {
  found=""
  if command -v sha256sum >/dev/null 2>&1; then found=$(ulimit -t 2; exec sha256sum <"$1")
  elif command -v shasum >/dev/null 2>&1; then found=$(ulimit -t 2; exec shasum -a 256 <"$1")
  elif command -v openssl >/dev/null 2>&1; then found=$(ulimit -t 2; exec openssl dgst -sha256 -r <"$1")
  fi 2>/dev/null
  [ "${found%% *}" = "$2" ]
}
# True for a directory that only we can use, or that chmod makes so.
is_ours() {
  [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && tool chmod 700 "$1"
}
is_usable() {
  [ -n "$1" ] && { is_ours "$1" || tool mkdir "$1" || is_ours "$1"; }
}
# Removes anything with the name of our new file, even a link.
clear() {
  if [ -e "$1" ] || [ -L "$1" ]; then rm -rf "$1"; fi
}

# A notifier that an earlier hook of this job unpacked is checked again. A PID suffix keeps concurrent hooks apart.
for place in "$beside" "$temporary/$name" "/tmp/$name"; do
  [ -n "$place" ] && is_ours "$place" || continue
  for architecture in x86_64 aarch64; do
    for_architecture "$architecture"
    for notifier in "$place/$file".[0-9]*; do
      [ -f "$notifier" ] && [ ! -L "$notifier" ] && [ -O "$notifier" ] && [ -x "$notifier" ] || continue
      ! is_pinned "$notifier" "$sha256" || run "$notifier" "$@" || break 3
    done
  done
done

system=$(uname -sm 2>/dev/null)
case "$system" in
  "Linux x86_64" | "Linux amd64") for_architecture x86_64 ;;
  "Linux aarch64" | "Linux arm64") for_architecture aarch64 ;;
  *) skip unsupported_system "the notifier runs only on Linux on x86_64 and aarch64, and this is ${system:-a machine without uname}" ;;
esac
[ -n "$packages" ] || skip bad_package_url "NOTIFIER_PACKAGE_URL, or without it CI_API_V4_URL, is not an http:// or https:// address in plain characters"

# The job token goes only to the GitLab of this job, over https, and never along a redirect.
token=""
url=$packages/$file.gz
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

# Sets the variable left to the seconds that remain for the download.
left() {
  now
  left=$((whole * 60 + 30 * !whole - now + begun))
  [ "$left" -gt 9 ] || left=10
  left=$((left / 100))
}
# Waits for a download.
fetched() {
  fetching=yes
  finish
  fetching=""
  return "$status"
}

# curl reads addresses and the token from stdin. A file larger than any release is cut off.
# Old versions of curl know only whole seconds.
with_curl() {
  left
  {
    echo "url = \"$1\""
    [ -z "$2" ] || echo "header = \"JOB-TOKEN: $2\""
  } | (
    ulimit -f 10240
    exec curl -q --config - --silent --fail --globoff --proto =http,https --connect-timeout 2 --max-time "$((left + 1))" \
      --max-filesize 5000000 --output "$packed" --write-out "%{http_code} %{redirect_url}\n"
  ) >"$answer" 2>/dev/null &
  fetched
}
# wget has no option for a total time limit, and busybox has none for redirects. wget runs without a configuration.
with_wget() {
  token_header=""
  [ -z "$2" ] || token_header="--header=JOB-TOKEN: $2"
  (
    export HOME="$place"
    ulimit -f 10240
    exec wget ${gnu:+-S --tries=1 --max-redirect=0} -O "$packed" ${token_header:+"$token_header"} "$1"
  ) >"$answer" 2>&1 </dev/null &
  fetched
}
fetch() {
  if command -v curl >/dev/null 2>&1; then
    with_curl "$url" "$token"
    read -r code location <"$answer" || location=""
    [ "$status" = 0 ] && [ -n "$location" ] || return "$status"
    is_plain "$location" || return 1
    with_curl "$location" ""
    read -r code _ <"$answer"
    return "$status"
  elif command -v wget >/dev/null 2>&1; then
    case "$url" in *@*) skip no_tool "package_url holds credentials, which wget would show to every process, and curl is not in this image" ;; esac
    # An empty configuration.
    export WGETRC="$answer"
    gnu=""
    # GNU Wget2, the successor of GNU wget, follows redirects with the token. busybox shows the token to a proxy.
    case "$(wget --version 2>/dev/null)" in
      "GNU Wget "*) gnu=yes ;;
      "GNU Wget2"*) token="" ;;
      *) [ -z "${http_proxy:-}${https_proxy:-}" ] || token="" ;;
    esac
    with_wget "$url" "$token" && return 0
    location=""
    while read -r header value _; do
      case "$header" in [Ll]ocation:) location=$value ;; esac
    done <"$answer"
    is_plain "$location" && with_wget "$location" ""
  else
    skip no_tool "neither curl nor wget is in this image; add one, or the notifier itself"
  fi
}
# If a directory is full, read-only or mounted noexec, the next one may work.
got=23 reason=io code=""
for place in "$beside" "$temporary/$name" "/tmp/$name"; do
  is_usable "$place" || continue
  notifier=$place/$file.$$ packed=$place/$file.gz.$$ answer=$place/answer.$$
  clear "$notifier"
  clear "$packed"
  clear "$answer"
  true 2>/dev/null >"$answer" || continue
  fetch
  got=$?
  case "$got" in
    0)
      is_pinned "$packed" "$sha256_packed" || {
        [ -n "$found" ] || skip no_tool "neither sha256sum, shasum nor openssl works in this image, and nothing is run unchecked"
        skip checksum "what $shown served is not the notifier of release $version (its SHA-256 differs); it is not run"
      }
      gzip -dc 2>/dev/null <"$packed" >"$notifier" &
      if finish gzip && tool chmod 700 "$notifier"; then
        reason="exec"
        [ ! -x "$notifier" ] || run "$notifier" "$@"
      fi ;;
    # curl (23) or GNU wget (3) could not write the file.
    23 | 3) ;;
    *)
      case "$code" in [45]??) said=", which answered $code" ;; *) said="" ;; esac
      skip artifact_unavailable "the notifier could not be downloaded from $shown$said; check that this job may read the packages there (Job token permissions of that project), and the network" ;;
  esac
  rm -f "$notifier" "$packed" "$answer"
done
[ "$reason" = io ] || skip exec "the notifier cannot be run beside the checkout, in TMPDIR or in /tmp (mounted noexec); TMPDIR can name another place"
[ "$got" = 0 ] || skip io "the notifier could not be written beside the checkout, to TMPDIR or to /tmp (full, or read-only); TMPDIR can name another place"
skip io "the notifier could not be unpacked (disk full, or no gzip or chmod in this image)"
