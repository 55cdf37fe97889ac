import { pureKit, type Room } from "./room.ts"

/** What each room of the sidecar may take beside its neighbours. */
const shared = ["sidecar/ports.ts", "sidecar/problem-codes.ts", "core/**", "kit/**"]

/** The program that runs beside keepalived. */
export const sidecarRooms: readonly Room[] = [
  {
    // Opens the parts and joins them: these two rooms know them all.
    name: "sidecar/main",
    files: ["sidecar/main.ts", "sidecar/wiring/**"],
    may: [
      ...["sidecar/**", "templates.ts", "heartbeats/**", "contract/**", "core/**", "kit/**", "node:*"],
      ...["commander", "zod", "prom-client", "node-cron"],
    ],
    pure: false,
  },
  {
    name: "sidecar/ports",
    files: ["sidecar/ports.ts", "sidecar/problem-codes.ts"],
    may: ["contract/**", "core/**", "kit/**"],
    pure: false,
  },
  {
    name: "sidecar/page/html",
    files: ["sidecar/page/html.ts"],
    may: ["sidecar/page/**", "kit/**", "handlebars"],
    pure: true,
  },
  {
    // What a browser is shown; who prefers text is told by the library of its own.
    name: "sidecar/page/routes",
    files: ["sidecar/page/routes.ts"],
    may: ["sidecar/page/**", "kit/**", "negotiator"],
    pure: false,
  },
  {
    name: "sidecar/page/diff",
    files: ["sidecar/page/diff.ts"],
    may: ["sidecar/page/**", ...pureKit, "diff"],
    pure: true,
  },
  {
    // What the status page says, from data alone.
    name: "sidecar/page",
    files: ["sidecar/page/**"],
    may: ["sidecar/problem-codes.ts", "contract/**", "core/**", ...pureKit],
    mayTypes: ["sidecar/ports.ts"],
    pure: false,
    givenTime: true,
  },
  {
    // What people and probes are told.
    name: "sidecar/report",
    files: ["sidecar/report/**"],
    may: [
      ...["sidecar/agent/**", "sidecar/apply/**", "sidecar/effect/**", "sidecar/faults/**", "sidecar/page/**"],
      ...["sidecar/capture/problems.ts", "contract/**", "prom-client", ...shared],
    ],
    mayTypes: [
      ...["sidecar/capture/**", "sidecar/nodes/**", "sidecar/volume/**", "sidecar/wiring/settings.ts"],
      "heartbeats/**",
    ],
    pure: false,
  },
  {
    // What one agent leaves for the next: read at start, written beside the passes.
    name: "sidecar/agent/records",
    files: ["sidecar/agent/adopt.ts", "sidecar/agent/records.ts"],
    may: ["sidecar/agent/**", "sidecar/faults/**", "sidecar/volume/**", "contract/**", "node:path#join", ...shared],
    pure: false,
    givenTime: true,
  },
  {
    // Decides: what is done next, and when.
    name: "sidecar/agent",
    files: ["sidecar/agent/**"],
    may: [
      ...["sidecar/apply/**", "sidecar/effect/**", "sidecar/faults/**", "sidecar/vrrp/vrrp.ts"],
      ...["sidecar/capture/problems.ts", "sidecar/targets/keepalived.ts", "contract/**", ...shared],
    ],
    mayTypes: ["sidecar/capture/**", "sidecar/nodes/**", "sidecar/volume/**"],
    pure: false,
    givenTime: true,
  },
  {
    name: "sidecar/faults",
    files: ["sidecar/faults/**"],
    may: ["contract/**", ...shared],
    pure: false,
    givenTime: true,
  },
  // Walks over targets without knowledge of any.
  { name: "sidecar/apply", files: ["sidecar/apply/**"], may: [...shared], pure: false, givenTime: true },
  {
    // What a release is brought into, one file a target.
    name: "sidecar/targets",
    files: ["sidecar/targets/**"],
    may: [
      ...["sidecar/apply/**", "sidecar/effect/**", "sidecar/keepalived/refused-entries.ts"],
      ...["sidecar/keepalived/await-advert.ts", ...shared],
    ],
    mayTypes: ["sidecar/agent/state.ts"],
    pure: false,
    givenTime: true,
  },
  {
    // What a model asks of the kernel, how that differs from what it shows, and what mends it.
    name: "sidecar/effect",
    files: ["sidecar/effect/**"],
    may: [...shared],
    mayTypes: ["sidecar/volume/ledger.ts"],
    pure: false,
    givenTime: true,
  },
  {
    name: "sidecar/kernel",
    files: ["sidecar/kernel/**"],
    may: [...shared, "node:*", "zod"],
    pure: false,
    givenTime: true,
  },
  {
    name: "sidecar/keepalived",
    files: ["sidecar/keepalived/**"],
    may: ["sidecar/kernel/**", ...shared, "node:*", "zod"],
    pure: false,
    givenTime: true,
  },
  {
    // Who takes packets before IPVS sees them: rules of the node, as their programs print them.
    name: "sidecar/capture",
    files: ["sidecar/capture/**"],
    may: [...shared, "node:fs/promises#readFile"],
    pure: false,
    givenTime: true,
  },
  {
    // Whether other nodes live: `probe.ts` alone opens sockets.
    name: "sidecar/nodes/probe",
    files: ["sidecar/nodes/probe.ts"],
    may: ["sidecar/nodes/**", "node:net#connect", "node:net#Socket"],
    pure: false,
  },
  { name: "sidecar/nodes", files: ["sidecar/nodes/**"], may: ["core/**", "kit/**"], pure: false },
  {
    // What VRRP makes of this node, by what keepalived and the machine are seen to say.
    name: "sidecar/vrrp",
    files: ["sidecar/vrrp/**"],
    may: ["contract/node/**", "contract/vrrp.ts", ...shared],
    mayTypes: ["sidecar/faults/**", "sidecar/keepalived/tracked-files.ts", "sidecar/volume/drain-file.ts"],
    pure: false,
    givenTime: true,
  },
  {
    // A program of the user's, called when the role changes.
    name: "sidecar/notify",
    files: ["sidecar/notify/**"],
    may: ["sidecar/faults/**", ...shared],
    pure: false,
    givenTime: true,
  },
  {
    // Who on the LAN has an address: a program of the system asks.
    name: "sidecar/lan",
    files: ["sidecar/lan/**"],
    may: [...shared],
    mayTypes: ["sidecar/agent/observe.ts", "sidecar/volume/ledger.ts"],
    pure: false,
  },
  {
    // `kkv doctor`: what is wrong with this node. It reads, asks the LAN, and changes nothing.
    name: "sidecar/doctor",
    files: ["sidecar/doctor/**"],
    may: [
      ...[
        "sidecar/kernel/**",
        "sidecar/lan/**",
        "sidecar/keepalived/adverts.ts",
        "sidecar/volume/**",
        "sidecar/ports.ts",
      ],
      ...["heartbeats/**", "terminal/**", "contract/**", "core/**", "kit/**", "node:*", "commander"],
    ],
    pure: false,
  },
  {
    name: "sidecar/volume/watch",
    files: ["sidecar/volume/watch.ts"],
    may: ["contract/**", "kit/**", "node:*", "chokidar"],
    pure: false,
    givenTime: true,
  },
  {
    name: "sidecar/volume/archive",
    files: ["sidecar/volume/archive.ts"],
    may: ["sidecar/volume/**", "sidecar/ports.ts", "contract/**", "kit/**", "node:*", "tar"],
    pure: false,
    givenTime: true,
  },
  {
    name: "sidecar/volume",
    files: ["sidecar/volume/**"],
    may: ["sidecar/apply/ports.ts", "sidecar/effect/intended.ts", "contract/**", ...shared, "node:*", "zod"],
    mayTypes: ["sidecar/nodes/**", "sidecar/targets/keepalived.ts"],
    pure: false,
    givenTime: true,
  },
]
