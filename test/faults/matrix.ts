/** A row of the fault matrix: what goes wrong, and what must come of it. */
export interface Row {
  /** As the design numbers them; some numbers are not in use. */
  readonly number: number
  readonly fault: string
  readonly expected: string
  /** Why no machine can prove it here; absent where a test does. */
  readonly notHere?: string
}

export interface Group {
  readonly name: string
  readonly rows: readonly Row[]
}

const AFTER_CRASH = "the volume stays whole; the next start clears up and goes on; nothing from a partial list"
const CONVERGES =
  "ends on the newest or the last known good configuration; keepalived never gets an untested file; no SIGHUP is lost"

/**
 * The fault matrix. A test that proves row 17 has `(fault 17)` at the end of its name, one that proves several
 * `(faults 17, 20-22)`; run.ts collects these and prints how each row ended, docs.ts says in docs/faults.md where they are.
 */
export const MATRIX: readonly Group[] = [
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
  {
    name: "API",
    rows: [
      row(
        43,
        "list: 5xx, 401, 403, 429, hang, reset, HTML, cut JSON",
        "backoff; sync lives; nothing published from it",
      ),
      row(
        246,
        "a key is called __proto__, constructor, toString …, in every form",
        "an entry like any other, or a problem",
      ),
      row(
        245,
        "a line of a watch is not an event: cut, U+2028, no version, 17 MB",
        "the watch ends; listed again; counted",
      ),
      row(
        45,
        "watch: EOF at once, reset, 410, ERROR in an open stream, hang",
        "one watch at a time; at most 1 request/s",
      ),
      row(46, "watch silent, without an end", "replaced within 120 s, and counted"),
      row(48, "older, doubled, unknown and early events", "the store is correct after all of them"),
      row(
        49,
        "API down at start, then back",
        "the sidecar serves all the time; one publication afterwards; requests are spread",
      ),
      row(50, "API down for a day while running", "the same; readiness and liveness do not change"),
      row(51, "token rotated, missing for 2 s; CA rotated", "sync reads them again after a 401; no crash"),
      row(
        53,
        "ConfigMap deleted, created again, without keys, binary, 1 MiB",
        "held; applied; empty, for row 57's guard; rejected; limit reported",
      ),
      row(54, "a resync finds what the watch missed", "published, and counted"),
      row(
        55,
        "1,000 endpoint changes a second for a minute",
        "at most 4 publications and 2 reloads a second; correct after 2 s",
      ),
    ],
  },
  {
    name: "Content",
    rows: [
      row(56, "all endpoints of a Service vanish; of all Services", "the VIP stays; the guard holds"),
      row(
        57,
        "one more than half of the virtual servers go in one change",
        "held, with an Event; applied when allowed",
      ),
      row(58, "newline, brace, #, !, quotes, $, include, NUL … in an entry", "refused before rendering"),
      row(
        59,
        "the same in names, labels, annotations, hostnames",
        "refused, or the structure of the text is unchanged",
      ),
      row(61, "alias bomb, depth 1,000, two documents, duplicate keys, tags", "refused in less than 100 ms"),
      row(62, "1.10, 010, 0x10, 1e3, 2^63, -0, NaN, yes in typed fields", "refused, or exactly one meaning"),
      row(63, "one VIP and port twice; one virtual router ID twice", "a documented rule decides; alarm"),
      row(65, "one bad entry among 500", "499 are applied"),
      row(
        270,
        "a Service has fields about its traffic: affinity, policies, source ranges, distribution",
        "affinity is honoured for that Service; each other field is reported",
      ),
      row(
        271,
        "kube-proxy takes or drops a VIP's packets before IPVS: external IP, load balancer, node port, either mode",
        "an error names the Service and what to do, on every node; none with ipMode Proxy",
      ),
      row(272, "a pod's hostPort takes a VIP's packets before IPVS, portmap with either backend", "an error names it"),
      row(273, "the node's rules cannot be read", "tried once more, then reported: unknown, not well"),
      row(274, "a VIP is a cluster IP, an external IP or a load balancer's address of a Service", "a warning names it"),
      row(66, "a template with an error", "the start fails; keepalived is not touched"),
      row(67, "the interface goes and comes back", "held; applied when the repeated test passes"),
    ],
  },
  {
    name: "Verify",
    rows: [
      row(69, "a change that a reload cannot take", "reported as needing a restart; never a success"),
      row(260, "the agent is dead, stands still, or its heartbeat is damaged", "not well, in status and VipReport"),
      row(261, "no pod is ready behind a VIP", "unserved; the VipReport is not Serving; a held VIP is in effect"),
      row(
        262,
        "ENOSPC, EIO, a forged heartbeat: the state is unknown",
        "not well, with a code and a time; no program ends",
      ),
      row(263, "VRRP in FAULT, just started, or unknown", "not well; FAULT makes the pod unready"),
      row(264, "what sync knows is older than 150 s", "not well, with its age; no probe fails"),
    ],
  },
  {
    name: "Probes and logs",
    rows: [
      row(
        220,
        "another process opens 10,000 connections to the probes' port: idle, half-sent, byte by byte, never reading, pipelined",
        "the probes are answered; the oldest connections are ended; memory bounded",
      ),
      row(
        221,
        "another program has the port of the probes",
        "the sidecar ends with 3 and says so, before it touches keepalived or the kernel",
      ),
      row(
        222,
        "the log has no reader: a pipe or a socket is full, or the reader is slow",
        "no program waits for it; whole lines are dropped and counted, and the next reader gets the count",
      ),
      row(
        223,
        "a program ends while its log is full",
        "its last lines reach a reader; without a reader it ends within a second",
      ),
      row(
        224,
        "sync stands still; sync waits for an API server that is not there",
        "its probe fails, and the kubelet restarts it; its probes are well",
      ),
    ],
  },
  {
    name: "What is not ours",
    rows: [
      row(
        210,
        "the orderly stop, with entries that name addresses or virtual servers of others on this host",
        "only what the ledger has is removed, with its interface and /32; all of it, also after a kill",
      ),
      row(
        211,
        "an entry names an address that this host has already",
        "refused, ADDRESS_ON_HOST; other entries run; accepted when it is gone",
      ),
      row(
        212,
        "an entry names a virtual server that IPVS has already",
        "refused, VIRTUAL_SERVER_ON_HOST; the running form of the entry is held",
      ),
      row(
        213,
        "another network namespace has virtual servers; the table changes while it is read",
        "no existing entry counts as missing",
      ),
      row(
        214,
        "another host on the LAN answers for a VIP before its first announcement",
        "held, ADDRESS_IN_USE with the MAC; other entries run at once; accepted when no host answers any more",
      ),
      row(
        215,
        "an answer of a peer; a takeover; a VIP that is announced already",
        "nothing waits for an answer; a backup never asks",
      ),
    ],
  },
  {
    name: "The rest",
    rows: [
      row(
        71,
        "archive volume full; tar fails in the middle; its source goes",
        "changes are still applied; every archive can be listed",
      ),
      row(
        72,
        "a comparison that is due during an apply; a loop that stood still for 5 s; a bad interval",
        "one after the other; once; refused",
      ),
      row(
        73,
        "SIGTERM in each phase",
        "ends, or leaves its journal, in time; keepalived ends last, and hands the VIP over",
      ),
      row(
        276,
        "SIGTERM while the container starts, beside a start of keepalived, or while the log has no reader",
        "the signal is not lost; nothing starts after it; leftovers of an earlier container are removed as well",
      ),
      row(74, "two pods on one node in a rollout", "the second waits until the first has ended, and takes over"),
      row(
        277,
        "another program empties the IPVS table, as kube-proxy in nftables mode does at each start",
        "every virtual server is back within seconds, on a backup too; no transition",
      ),
      row(
        230,
        "iptables is missing, fails, hangs, or its lock is held by others",
        "only new VIPs that forward by NAT wait; the rest is applied and repaired; the stop ends in time",
      ),
      row(
        231,
        "a UDP client keeps its port and never pauses while its virtual server is not there",
        "the kernel forgets its flow when the virtual server is there (again): answers come from the VIP",
      ),
      row(76, "sync writes schema 3 and the sidecar knows 2, and the reverse", "refused with a clear reason; held"),
    ],
  },
  {
    name: "The role",
    rows: [
      row(250, "a cable is out; the interface is down, or deleted", "FAULT, with what is down; not healthy, not ready"),
      row(251, "keepalived or its VRRP child dies", "the role is unknown until keepalived reports it again"),
      row(252, "keepalived hangs", "the role is unknown, and not healthy"),
      row(253, "a backup hears no master and does not take over", "reported; keepalived is restarted"),
      row(254, "the kernel and keepalived disagree about the role", "reported; not healthy"),
      row(255, "the agent dies, or half a line is left in the history", "role, since and reason are known again"),
      row(256, "two nodes are master, or none is", "TwoMasters, NoMaster; a node that is gone does not count"),
    ],
  },
  {
    name: "Addresses",
    rows: [
      row(200, "a Node lists a running VIP, or the anchor, in any spelling", "the VIP, the rank and the peers stay"),
      row(201, "a new entry has the address of a Node", "refused; neither rank nor peers change"),
      row(202, "the agent is restarted while a guard holds", "guards compare with what last ran"),
      row(
        203,
        "no Node is left, or there never was one",
        "rank and peers stay; unicast waits, and never falls back to multicast",
      ),
      row(
        204,
        "unicast on an interface without the Node's address",
        "refused, or the addresses of the annotation are used",
      ),
      row(205, "two interfaces in one subnet; a card appears", "the one that has the address; nothing moves"),
      row(206, "DR to a node that runs the product", "that real server is left out"),
      row(207, "a VIP outside of the subnets, or at the end of one", "announced, with a warning"),
    ],
  },
]

export const ROWS: readonly Row[] = MATRIX.flatMap(({ rows }) => rows)

function row(number: number, fault: string, expected: string): Row {
  return { number, fault, expected }
}
