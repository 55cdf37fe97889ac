import { type Group, row } from "./row.ts"

const AFTER_CRASH = "the volume stays whole; the next start clears up and goes on; nothing from a partial list"
const CONVERGES =
  "ends on the newest or the last known good configuration; keepalived never gets an untested file; no SIGHUP is lost"

/** What the disk and the ends of programs do. */
export const FILES: readonly Group[] = [
  {
    name: "Files",
    rows: [
      row(1, "two publications 0 to 60 ms apart", "the second is applied within 2 s, every time"),
      row(2, "no event of the watcher comes at all", "the poll applies within 1.5 s, and it is counted"),
      row(
        3,
        "the watcher gets EMFILE or ENOSPC, then says it is ready",
        "the poll goes on; a new watcher later; no crash",
      ),
      row(4, "fifo, socket, directory, links, unreadable file in the volume", "ignored or refused; nothing blocks"),
      row(5, "current.json is a link; its directory leads elsewhere", "refused; the running configuration stays"),
      row(6, "current.json empty, cut at any byte, garbage, 100 MB", "held until the next valid one; memory bounded"),
      row(8, "YAML cut at any byte, with its checksum and with a forged one", "never applied unless whole"),
      row(9, "a generation is deleted while it is read", "reads the pointer again and applies the newer one"),
      row(
        10,
        "the pointer goes back to a lower number: from the same writer; from a new one",
        "refused; followed with an alarm",
      ),
      row(11, "other content under the same sequence", "refused"),
      row(12, "10,000 files come and go in desired/", "the next publication is still applied"),
      row(14, "EIO, EROFS, EACCES at each write", "the running configuration stays; counted; tried again"),
      row(15, "no inodes are left", "no short file under a final name; recovers when there are some again"),
      row(
        16,
        "the clock is set an hour forward, back, to 2040 and back",
        "nothing missed, nothing done twice; ages stay right",
      ),
      row(
        240,
        "sync's heartbeat is missing, damaged, forged, from the future",
        "unknown, with a reason; no program ends",
      ),
      row(
        241,
        "a byte of a published file flips, its size stays",
        "written again in the next generation, never linked into it",
      ),
      row(
        242,
        "the current generation, its manifest or the pointer is damaged",
        "found and published again, new sequence",
      ),
      row(
        243,
        "desired/ cannot hold one more generation; EDQUOT, EIO, EROFS",
        "older generations are removed; reported until it is over",
      ),
      row(
        244,
        "a generation stays unreadable: torn for 10 s, or refused",
        "reported with the file, until a generation can be read",
      ),
    ],
  },
  {
    name: "Crashes",
    rows: [
      row(17, "kill -9 of sync at P1: the directory is made", AFTER_CRASH),
      row(18, "kill -9 of sync at P2: a file is written", AFTER_CRASH),
      row(20, "kill -9 of sync at P4: the generation has its name", AFTER_CRASH),
      row(21, "kill -9 of sync at P5: the next pointer is written", AFTER_CRASH),
      row(22, "kill -9 of sync at P6: the pointer is moved", AFTER_CRASH),
      row(24, "kill -9 of sync while it lists at its start", AFTER_CRASH),
      row(25, "kill -9 of the agent at A1: the generation is read", CONVERGES),
      row(26, "kill -9 of the agent at A2: the text is rendered", CONVERGES),
      row(27, "kill -9 of the agent at A3: candidate written, under test", CONVERGES),
      row(28, "kill -9 of the agent at A4: the journal says swap", CONVERGES),
      row(29, "kill -9 of the agent at A5: the live file is new, no SIGHUP", CONVERGES),
      row(30, "kill -9 of the agent at A6: SIGHUP is sent", CONVERGES),
      row(32, "kill -9 of the agent at A8: soaking", CONVERGES),
      row(33, "kill -9 of the agent at A9: last known good written", CONVERGES),
      row(34, "kill -9 of the agent at A10: archiving; in a rollback; at 1,000 random points", CONVERGES),
      row(35, "kill -9 of keepalived's parent or a child; SIGSTOP", "restarted; or no answer, rollback and alarm"),
      row(36, "keepalived ends 5 s after a good reload", "the soak fails: rolled back, not promoted"),
      row(38, "the last known good file is corrupt", "the one before is used; never an empty file"),
      row(39, "the reload of the rollback fails too", "keepalived is restarted on it; never faster than the backoff"),
      row(40, "another process has the recorded pid now", "no signal is sent"),
      row(41, "two sync, two sidecars", "the second refuses and ends with its own status"),
      row(
        42,
        "the config test hangs, prints 1 GB, is missing, dies; its file goes",
        "a failure each time; limited in time and size; held",
      ),
    ],
  },
]
