import { type Group, row } from "./row.ts"

/** What a node and its other programs do. */
export const NODE: readonly Group[] = [
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
]
