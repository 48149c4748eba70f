//! Faults of the machine: closed streams, small limits, missing directories or rights, and wrong clocks.
#![allow(clippy::too_many_lines, reason = "a table")]

use super::{Fault, Job, SENT, Text, Whole};

pub(super) fn faults() -> Vec<Fault> {
    let before = |title: &str, shell: &'static str, ends, warns, arrives| {
        Fault::new(title, ends, warns, arrives, move |job: &mut Job| job.before = shell.into())
    };
    let under = |title: &str, under: &'static [&'static str], shell: &'static str, ends, warns, arrives| {
        Fault::new(title, ends, warns, arrives, move |job: &mut Job| {
            job.under = under.to_vec();
            job.before = shell.into();
            job.set("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        })
    };
    let faked = |title: &str, at: &'static str| {
        Fault::new(title, SENT, "", Whole, move |job: &mut Job| {
            job.under = vec!["faketime", at];
            job.set("PATH", "/usr/bin:/bin");
        })
    };
    vec![
        before("no HOME, no TMPDIR, no PATH", "unset HOME TMPDIR PATH", SENT, "", Whole),
        before("a working directory that is gone", "mkdir gone; cd gone; rmdir ../gone", SENT, "", Whole),
        before("stdin is closed", "exec <&-", SENT, "", Whole),
        before("stdout is closed", "exec >&-", SENT, "", Whole),
        before("stderr is closed", "exec 2>&-", "", "", Whole),
        before("stderr is full", "exec 2>/dev/full", "", "", Whole),
        before("everything is closed", "exec <&- >&- 2>&-", "", "", Whole),
        before(
            "stderr is a pipe that nobody reads",
            "mkfifo .pipeline-notifier-pipe; (exec <.pipeline-notifier-pipe) & exec 2>.pipeline-notifier-pipe; sleep 0.2; rm .pipeline-notifier-pipe",
            "",
            "",
            Whole,
        ),
        before("200 MB of address space", "ulimit -v 200000", SENT, "", Whole),
        before("64 MB of data", "ulimit -d 65536", SENT, "", Whole),
        before("256 KiB of stack", "ulimit -s 256", SENT, "", Whole),
        before("eight open files", "ulimit -n 8", SENT, "", Whole),
        before("no file may grow", "ulimit -f 0", SENT, "", Whole),
        before("no core dumps, no locked memory", "ulimit -c 0; ulimit -l 0", SENT, "", Whole),
        before("a lowest priority", "renice 19 $$ >/dev/null", SENT, "", Whole),
        before("a umask that takes all", "umask 777", SENT, "", Whole),
        under(
            "a project directory that is read-only",
            &["unshare", "--mount"],
            "mount --bind -o ro . \"$CI_PROJECT_DIR\"",
            SENT,
            "",
            Whole,
        ),
        under(
            "a disk that is full",
            &["unshare", "--mount"],
            "mount -t tmpfs -o size=4k x \"$CI_PROJECT_DIR\"; cd \"$CI_PROJECT_DIR\"; head -c 4096 /dev/zero >full",
            SENT,
            "",
            Whole,
        ),
        under("no /dev at all", &["unshare", "--mount"], "mount -t tmpfs x /dev", SENT, "", Whole),
        under("no /proc", &["unshare", "--mount"], "mount -t tmpfs x /proc", SENT, "", Whole),
        under(
            "no /etc: no resolver, no authorities",
            &["unshare", "--mount"],
            "mount -t tmpfs x /etc",
            SENT,
            "",
            Whole,
        ),
        under(
            "a user without a name, who may start no process",
            &["setpriv", "--reuid=64123", "--clear-groups"],
            "ulimit -u 1",
            SENT,
            "",
            Whole,
        ),
        under(
            "no memory may become executable",
            &[
                "python3",
                "-c",
                "import ctypes,os,sys; ctypes.CDLL(None).prctl(65,1,0,0,0); os.execvp(sys.argv[1],sys.argv[1:])",
            ],
            "",
            SENT,
            "",
            Whole,
        ),
        under(
            "no memory for a guest",
            &["python3", concat!(env!("CARGO_MANIFEST_DIR"), "/faults/no_guest_memory.py")],
            "",
            SENT,
            "a line of plain text is sent instead",
            Text,
        ),
        faked("a clock before 1970", "1969-06-01 00:00:00"),
        faked("a clock after 2038", "2060-01-01 00:00:00"),
    ]
}
