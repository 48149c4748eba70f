#!/bin/sh
# Runs the second script of the component, component/bootstrap.sh, within the time limit: it is killed when the time is over, whatever
# hangs in it and whatever signals the job ignores. Its arguments are a shell, that script, and the arguments of the notifier.
# Neither script has a single quote after its head, because the component puts each between two.
# shellcheck disable=SC3013

set +xueCf
# Exported functions and variables could change what follows.
unset -f "[" printf read
unset IFS
exec 3>&2 2>/dev/null
sh=$1 script=$2
shift 2

# The time limit of a hook, in whole seconds. The notifier itself judges the value.
whole=${NOTIFIER_TIMEOUT:-5}
whole=${whole%%.*}
case "$whole" in [1-9] | [1-9][0-9] | [12][0-9][0-9] | 300) ;; 0) whole=1 ;; *) whole=5 ;; esac
# Sets the variable to the seconds since the machine started. Nobody can change this clock.
seconds() {
  read -r seconds _ </proc/uptime || seconds=0
  seconds=${seconds%%.*}
}
seconds
begun=$seconds

# coreutils takes its child out of the group of the job without this option. busybox has no such option, and older ones know only whole
# seconds, so there the notifier gets half a second less. Without either tool only the download and the notifier itself are limited.
for timeout in /usr/bin/timeout /bin/timeout /usr/local/bin/timeout /busybox/timeout ""; do
  [ ! -x "$timeout" ] || break
done
option=--foreground more=.4 margin=0
for busybox in /bin/busybox "${timeout%/*}/busybox"; do
  [ ! "$timeout" -ef "$busybox" ] || option="" more="" margin=50
done

# The first place where the script looks for a notifier: 0 is PATH. A notifier that cannot be run gives way to the next one.
first=0 left=$whole
while [ "$first" -le 3 ] && [ "$left" -gt 0 ]; do
  ${timeout:+"$timeout" $option -s KILL "$left$more"} "$sh" -c "$script" pipeline-notifier "$first" "$whole" "$margin" "$@"
  status=$?
  seconds
  left=$((whole - seconds + begun))
  case "$status" in 126 | 127) first=$((first + 1)) ;; *) break ;; esac
  # busybox before 1.30 wants the time in another way.
  [ "$first" -le 3 ] || [ "$status" = 126 ] || [ -z "$timeout" ] || timeout="" first=0
done
if [ "$status" = 126 ] || [ "$status" = 127 ]; then
  reason="exec"
  what="the notifier cannot be run beside the checkout, in TMPDIR or in /tmp (mounted noexec); TMPDIR can name another place"
elif [ "$status" -lt 128 ]; then
  exit 0
elif [ "$status" != 137 ] || [ $((seconds - begun)) -lt $((whole - 1)) ]; then
  printf "notify: failed reason=killed\n" >&3
  exit 0
else
  reason=timeout what="the notifier or a tool of this image hangs, and the time limit NOTIFIER_TIMEOUT is over"
fi
printf "warning: %s; the job goes on without a notification\nnotify: skipped reason=%s\n" "$what" "$reason" >&3
