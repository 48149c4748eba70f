#!/bin/sh
# Finds the notifier, checks it and becomes it. component/supervise.sh limits its time. component.yml sets the pins and literals.
# $1 is the first place to look at, $2 the time limit, $3 the time to leave and $4 the begin, in hundredths of a second; the arguments of
# the notifier follow. Status 126 or 127: the notifier that was found cannot be run.
# shellcheck disable=SC2094,SC2154,SC3013,SC3045,SC3067

set +xueCf
exec 2>&3 3>&-
# Exported functions and variables could change the tools below.
unset -f "[" cd chmod command curl echo false gzip mkdir openssl printf pwd read rm rmdir sha256sum shasum true ulimit umask uname wget
unset CDPATH GZIP IFS SSLKEYLOGFILE SYSTEM_WGETRC WGETRC
umask 077
first=$1 limit=$2 margin=$3 begun=$4 place="" && shift 4
# Sets the variable to hundredths of a second since the machine started.
now() { { read -r now _ </proc/uptime; } 2>/dev/null || now=0.00; now=${now%.*}${now#*.} now=${now#0} now=${now#0}; }
[ "$first" != 0 ] || echo "pipeline-notifier $version: $*" >&2

skip() {
  printf "warning: %s; the job goes on without a notification\nnotify: skipped reason=%s\n" "$2" "$1" >&2
  # Another hook of the job may be in the directory.
  [ -z "$place" ] || { rm -f "$notifier" "$packed" "$answer" && rmdir "$place"; } >/dev/null 2>&1
  exit 0
}
# Becomes the notifier, which ends by itself before it would be killed.
become() {
  now
  spent=$((now - begun + margin))
  exec "$@" --spent "$((spent / 100)).$((spent % 100 / 10))" </dev/null
}
# True for an address with only characters that no shell and no configuration interprets, and no way out of its path.
is_plain() {
  case "$1" in *[!A-Za-z0-9._~:/?@!\&\(\)*+,\;=%-]* | */..* | *%2[eE]*) return 1 ;; http://?* | https://?*) ;; *) return 1 ;; esac
}

# Programs in the checkout never run. A subshell finds the directories of PATH outside the checkout, without another process.
found=$(
  cd -P "${CI_PROJECT_DIR:-.}" 2>/dev/null || :
  checkout=${PWD%/} rest=$PATH: found=""
  # True in the checkout. bash keeps // and /proc/self/root in a path, so the directories are compared, not the names.
  is_inside() { above=$PWD; while [ -n "$above" ] && ! [ "$above" -ef "$checkout" ]; do above=${above%/*}; done; [ -n "$above" ]; }
  while [ -n "$rest" ]; do
    entry=${rest%%:*} rest=${rest#*:}
    case "$entry" in /*) cd -P "$entry" 2>/dev/null || continue ;; *) continue ;; esac
    is_inside || found=$found:$PWD
  done
  # An empty PATH would mean the working directory.
  [ -n "$found" ] || found=:/usr/local/bin:/usr/bin:/bin
  # Temporary files stay out of the checkout too.
  case "${TMPDIR:-}" in *:*) temporary=/tmp ;; /*) temporary=${TMPDIR%/} ;; *) temporary=/tmp ;; esac
  cd -P "$temporary" 2>/dev/null && is_inside && temporary=/tmp
  printf "%s\n" "$temporary:${found#:}"
)
temporary=${found%%:*} PATH=${found#*:}

# GitLab before 18.1 refuses an empty input with a regex, so "-" means empty.
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
[ -n "$module" ] || module=$packages/notifier.wasm digest=$sha256_module build=""
# An address with credentials must not become an argument.
case "$module" in *@* | /*) ;; *) set -- "$@" --module "$module" --module-sha256 "$digest" ;; esac

# A notifier in the image is used as it is, if it can run.
notifier=$(command -v pipeline-notifier)
case "$first$notifier" in
  0/*) become "$notifier" "$@" ;;
  1/*) echo "warning: $notifier of this image cannot be run here; the notifier of release $version is downloaded" >&2 ;;
esac

# Prints the SHA-256 of its input, in a subshell that becomes the tool. If that hangs, it must not hold the log open: hence `exec 2>`.
sum() {
  if command -v sha256sum >/dev/null; then exec sha256sum
  elif command -v shasum >/dev/null; then exec shasum -a 256
  elif command -v openssl >/dev/null; then exec openssl dgst -sha256 -r
  fi
}
# The directory that the hooks of this job share. Its name comes from the token of the job, so nobody can make it before the job
# begins (runner/src/job/job_state.rs). The best place is beside the checkout, unless a link is there, then below TMPDIR or /tmp.
own=$(exec 2>/dev/null; printf "%s %s" "${CI_JOB_ID:-$$}" "${CI_JOB_TOKEN:-}" | sum)
[ -n "$own" ] || skip no_tool "neither sha256sum, shasum nor openssl works in this image, and nothing is run unchecked"
name=pipeline-notifier-${own%"${own#????????????????}"}
beside=${CI_PROJECT_DIR:-}
while case "$beside" in */) true ;; *) false ;; esac; do beside=${beside%/}; done
case "$beside" in /*) beside=$beside.tmp && [ ! -h "$beside" ] || beside=- ;; esac

# Sets the file to download, and its digest.
choose() {
  system=$(exec 2>/dev/null; uname -sm)
  case "$build$system" in
    "Linux x86_64" | "Linux amd64") file=x86_64 sha256=$slim_x86_64 ;;
    "Linux aarch64" | "Linux arm64") file=aarch64 sha256=$slim_aarch64 ;;
    "full-Linux x86_64" | "full-Linux amd64") file=full-x86_64 sha256=$full_x86_64 ;;
    "full-Linux aarch64" | "full-Linux arm64") file=full-aarch64 sha256=$full_aarch64 ;;
    *) skip unsupported_system "the notifier runs only on Linux on x86_64 and aarch64, and this is ${system:-a machine without uname}" ;;
  esac
  file=pipeline-notifier-$file-linux
  [ -n "$packages" ] || skip bad_package_url "NOTIFIER_PACKAGE_URL, or without it CI_API_V4_URL, is not an http:// or https:// address in plain characters"
  url=$packages/$file.gz
  # The job token goes only to the GitLab of this job, over https, and never along a redirect.
  token=""
  case "$url" in
    *@*) ;;
    "${CI_API_V4_URL:-none}"/*)
      case "$CI_API_V4_URL" in "${CI_SERVER_URL:-none}"/*)
        case "$url" in https://* | http://localhost[:/]* | http://127.0.0.1[:/]* | http://\[::1\][:/]*) token=${CI_JOB_TOKEN:-} ;; esac ;;
      esac ;;
  esac
  case "$token" in *[!A-Za-z0-9_.-]*) token="" ;; esac
}
# curl reads addresses and the token from stdin, and old versions of it know only whole seconds. A file larger than any release is cut off.
with_curl() {
  {
    echo "url = \"$1\""
    [ -z "$2" ] || echo "header = \"JOB-TOKEN: $2\""
  } | (
    ulimit -f 10240
    exec curl -q --config - --silent --fail --globoff --proto =http,https --connect-timeout 2 --max-time "$(((limit * 6 + 999) / 1000))" \
      --max-filesize 5000000 --output "$packed" --write-out "%{http_code} %{redirect_url}\n"
  ) >"$answer" 2>/dev/null
  got=$?
  read -r code location <"$answer" || location=""
  return "$got"
}
# wget has no option for a total time limit, and busybox has none for redirects. Its configuration is the answer, which is empty yet.
with_wget() {
  (
    header=""
    [ -z "$2" ] || header="--header=JOB-TOKEN: $2"
    export HOME="$place" WGETRC="$answer"
    ulimit -f 10240
    exec wget ${gnu:+-S --tries=1 --max-redirect=0} -O "$packed" ${header:+"$header"} "$1"
  ) >"$answer" 2>&1 </dev/null
}
fetch() {
  if command -v curl >/dev/null 2>&1; then
    with_curl "$url" "$token" || return
    [ -n "$location" ] || return 0
    is_plain "$location" && with_curl "$location" ""
    return
  fi
  command -v wget >/dev/null 2>&1 || skip no_tool "neither curl nor wget is in this image; add one, or the notifier itself"
  case "$url" in *@*) skip no_tool "package_url holds credentials, which wget would show to every process, and curl is not in this image" ;; esac
  gnu=""
  # GNU Wget2, the successor of GNU wget, follows redirects with the token. busybox shows the token to a proxy.
  case "$(exec 2>/dev/null; wget --version)" in
    "GNU Wget "*) gnu=yes ;;
    "GNU Wget2"*) token="" ;;
    *) [ -z "${http_proxy:-}${https_proxy:-}" ] || token="" ;;
  esac
  with_wget "$url" "$token" && return 0
  while read -r header value _; do
    case "$header" in [Ll]ocation:) location=$value ;; esac
  done <"$answer"
  is_plain "$location" && with_wget "$location" ""
}

# If a directory is full, read-only or mounted noexec, the next one may work.
got=23 number=0 file="" code="" location=""
for parent in "$beside" "$temporary" /tmp; do
  number=$((number + 1)) place=$parent/$name
  case "$place" in /*) ;; *) continue ;; esac
  if [ "$number" -lt "$first" ] || [ -h "$place" ]; then continue; fi
  # A hook before this one checked and unpacked it.
  for notifier in "$place"/pipeline-notifier-*-linux.[0-9]*; do
    [ ! -x "$notifier" ] || [ -z "${CI_JOB_TOKEN:-}" ] || become "$notifier" "$@"
  done
  [ -n "$file" ] || choose
  mkdir "$place" >/dev/null 2>&1 || { [ -n "${CI_JOB_TOKEN:-}" ] && [ -O "$place" ]; } || continue
  notifier=$place/$file.$$ packed=$place/packed.$$ answer=$place/answer.$$
  true 2>/dev/null >"$answer" || continue
  fetch
  got=$?
  case "$got" in
    0) ;;
    # curl (23) or GNU wget (3) could not write the file.
    23 | 3) continue ;;
    *)
      case "$code" in [45]??) said=", which answered $code" ;; *) said="" ;; esac
      skip artifact_unavailable "the notifier could not be downloaded from $shown$said; check that this job may read the packages there (Job token permissions of that project), and the network" ;;
  esac
  found=$(exec 2>/dev/null; sum <"$packed")
  [ "${found%% *}" = "$sha256" ] || skip checksum "what $shown served is not the notifier of release $version (its SHA-256 differs); it is not run"
  gzip -dc <"$packed" >"$notifier" 2>/dev/null && [ -s "$notifier" ] && chmod 700 "$notifier" >/dev/null 2>&1 && become "$notifier" "$@"
done
[ "$got" = 0 ] || skip io "the notifier could not be written beside the checkout, to TMPDIR or to /tmp (full, or read-only); TMPDIR can name another place"
skip io "the notifier could not be unpacked (disk full, or no gzip or chmod in this image)"
