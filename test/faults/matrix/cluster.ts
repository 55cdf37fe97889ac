import { type Group, row } from "./row.ts"

/** What the API server and the objects of the cluster do. */
export const CLUSTER: readonly Group[] = [
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
        295,
        "a mapping has an unknown field, a value of another kind, an anchor, a duplicate key, or is not YAML",
        "the place inside the value is named; all VIPs of the entry stay in their last good form; no neighbour changes",
      ),
      row(
        296,
        "an entry is renamed, or put into the long form, with a mistake in the same change",
        "its VIPs stay in their last good form, under the new name",
      ),
      row(
        297,
        "two entries of a ConfigMap name one address; one entry names it twice",
        "the first key has it, in any order of the file",
      ),
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
]
