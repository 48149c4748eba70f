#!/bin/sh
# Runs the second script of the component, component/bootstrap.sh, within the time limit: it is killed when the time is over, whatever
# hangs in it and whatever signals the job ignores. Its arguments are a shell, that script, and the arguments of the notifier.
# Neither script has a single quote after its head, because the component puts each between two.
# shellcheck disable=SC3013

set +xueCf
# Exported functions and variables could change what follows.
unset -f "[" printf read true
unset IFS
# A job can have closed the first three files, and new ones would take their place. The log is stderr, else stdout.
exec </dev/null
true >&2 || { true >&1 && exec 2>&1; } || exec 2>/dev/null
exec 3>&2 >&2 2>/dev/null
sh=$1 script=$2
shift 2

# The time limit of a hook, in hundredths of a second. The notifier itself judges the value.
limit=${NOTIFIER_TIMEOUT:-5}
case "$limit" in *.*) part=${limit#*.}00 limit=${limit%%.*} ;; *) part=00 ;; esac
part=${part%"${part#??}"}
case "$limit" in [0-9] | [1-9][0-9] | [12][0-9][0-9] | 300) ;; *) limit=5 part=00 ;; esac
case "$part" in [0-9][0-9]) ;; *) limit=5 part=00 ;; esac
limit=$((limit * 100 + 1$part - 100))
[ "$limit" -ge 10 ] || limit=500
# Sets the variable to hundredths of a second since the machine started. Nobody can change this clock.
now() {
  read -r now _ </proc/uptime || now=0.00
  now=${now%.*}${now#*.} now=${now#0} now=${now#0}
}
now
begun=$now

# coreutils takes its child out of the group of the job without this option. busybox has no such option, and older ones know only whole
# seconds, so there the notifier gets half a second less. Without either tool only the download and the notifier itself are limited.
for timeout in /usr/bin/timeout /bin/timeout /usr/local/bin/timeout /busybox/timeout ""; do
  [ ! -x "$timeout" ] || break
done
option=--foreground margin=0
for busybox in /bin/busybox "${timeout%/*}/busybox"; do
  [ ! "$timeout" -ef "$busybox" ] || option="" margin=50
done

# The first place where the script looks for a notifier: 0 is PATH. A notifier that cannot be run gives way to the next one, within the
# same time.
first=0 left=$limit
while [ "$first" -le 3 ] && [ "$left" -gt 0 ]; do
  # The notifier ends by itself at the limit, and has some time for its last line.
  if [ -n "$option" ]; then left=$((left + 30)) && left=$((left / 100)).$((left % 100 / 10)); else left=$(((left + 49) / 100)); fi
  [ "$left" != 0 ] || left=1
  ${timeout:+"$timeout" $option -s KILL "$left"} "$sh" -c "$script" pipeline-notifier "$first" "$limit" "$margin" "$begun" "$@"
  status=$?
  now
  left=$((limit - now + begun))
  case "$status" in
    126 | 127) first=$((first + 1)) ;;
    # A tool that does not work is left out. busybox before 1.30 wants the time in another way.
    125) [ -n "$timeout" ] || break; timeout="" ;;
    *) break ;;
  esac
  if [ "$first" -gt 3 ] && [ "$status" = 127 ] && [ -n "$timeout" ]; then timeout="" first=0; fi
  # Without a clock there is one try.
  [ "$begun$now" != 00 ] || left=0
done
if [ "$status" = 126 ] || [ "$status" = 127 ]; then
  reason="exec"
  what="the notifier cannot be run beside the checkout, in TMPDIR or in /tmp (mounted noexec); TMPDIR can name another place"
elif [ "$status" -lt 128 ]; then
  exit 0
elif [ "$status" != 137 ] || [ $((now - begun)) -lt $((limit - 100)) ]; then
  printf "notify: failed reason=killed\n" >&3
  exit 0
else
  reason=timeout what="the notifier or a tool of this image hangs, and the time limit NOTIFIER_TIMEOUT is over"
fi
printf "warning: %s; the job goes on without a notification\nnotify: skipped reason=%s\n" "$what" "$reason" >&3
