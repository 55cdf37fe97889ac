/**
 * Which room of src/ may import what: the dependency rule of CONTRIBUTING.md as a table.
 *
 * `files` and `may` are patterns over paths below src/: `*` stands for a file name, `**` for anything. In `may` there
 * are packages too, and Node's own modules: `node:*` for all of them, `node:net#isIP` for one name of one module.
 * A file always may import from its own room. Of several rooms that match a file, the first counts.
 */
export interface Room {
  readonly name: string
  readonly files: readonly string[]
  readonly may: readonly string[]
  /** What only types may be taken from: such a room is handed the values by its caller. Elsewhere types count as values do. */
  readonly mayTypes?: readonly string[]
  /** No effect, no clock, no chance: equal input gives equal output. */
  readonly pure: boolean
  /** Time, date and chance are parameters: a test gives them, and waits for nothing. */
  readonly givenTime?: true
}

/** What a pure room may take from the kit. */
const pureKit = ["kit/*.ts", "kit/text/**"]
/** What each room of the sidecar may take beside its neighbours. */
const shared = ["sidecar/ports.ts", "sidecar/problem-codes.ts", "core/**", "kit/**"]

export const rooms: readonly Room[] = [
  {
    name: "kkv",
    files: ["kkv.ts"],
    may: ["kit/**", "sync/main.ts", "sidecar/main.ts", "plugin/main.ts", "cli/main.ts"],
    pure: false,
  },
  // The texts of templates/ come with the package.
  {
    name: "templates",
    files: ["templates.ts"],
    may: ["core/render/**", "kit/**", "node:fs#readFileSync"],
    pure: false,
  },
  // Who lives, as the heartbeats on the volumes say; read by all programs.
  { name: "heartbeats", files: ["heartbeats/**"], may: ["contract/**", "kit/**", "node:*"], pure: false },
  { name: "kit/log", files: ["kit/process/log.ts"], may: ["kit/**", "pino"], pure: false },
  { name: "kit", files: ["kit/**"], may: ["node:*"], pure: false },
  { name: "contract", files: ["contract/**"], may: [...pureKit, "zod", "yaml"], pure: true },

  // Families, prefixes and order of addresses. Only this room parses an address.
  { name: "core/address", files: ["core/address/**"], may: ["node:net#isIP", "ip-address"], pure: true },
  {
    name: "core/objects",
    files: ["core/objects/**"],
    may: ["core/address/**", ...pureKit, "zod", "yaml"],
    pure: true,
  },
  {
    // What a person asks for, whatever it was written in.
    name: "core/declare",
    files: ["core/declare/**"],
    may: ["core/objects/**", "core/address/**", ...pureKit],
    pure: true,
  },
  {
    name: "core/desired",
    files: ["core/desired/**"],
    may: ["core/declare/**", "core/objects/**", "core/address/**", ...pureKit],
    pure: true,
  },
  {
    name: "core/model",
    files: ["core/model/**"],
    may: ["core/desired/**", "core/declare/**", "core/objects/**", "core/address/**", ...pureKit, "zod"],
    pure: true,
  },
  {
    name: "core/render/template",
    files: ["core/render/template.ts"],
    may: ["core/render/**", "core/model/**", "handlebars"],
    pure: true,
  },
  { name: "core/render", files: ["core/render/**"], may: ["core/model/**", "core/address/**", ...pureKit], pure: true },
  {
    // Why an endpoint is a real server, or is not: for `kkv explain` and for the status page.
    name: "core/explain",
    files: ["core/explain/**"],
    may: ["core/model/**", "core/desired/**", "core/declare/**", "core/objects/**", ...pureKit],
    pure: true,
  },
  { name: "core/pipeline", files: ["core/*.ts"], may: ["core/**", ...pureKit], pure: true },

  {
    // A session with the API server: credentials, one pool of connections, errors that name what was asked.
    name: "kubernetes",
    files: ["kubernetes/**"],
    may: ["kit/**", "@kubernetes/client-node", "undici", "node:fs#existsSync"],
    pure: false,
  },

  {
    name: "sync/metrics",
    files: ["sync/metrics.ts"],
    may: ["sync/*.ts", "kubernetes/api-fault.ts", "kit/**", "prom-client"],
    pure: false,
  },
  {
    name: "sync/main",
    files: ["sync/main.ts", "sync/settings.ts", "sync/flag-values.ts", "sync/open-source.ts"],
    may: [
      "sync/**",
      "kubernetes/**",
      "heartbeats/**",
      "contract/**",
      "core/**",
      "kit/**",
      "node:*",
      "commander",
      "zod",
    ],
    pure: false,
  },
  {
    name: "sync/directory",
    files: ["sync/directory/**"],
    may: ["sync/*.ts", "contract/**", "core/objects/**", "kit/**", "node:*", "chokidar"],
    pure: false,
  },
  {
    name: "sync/kubernetes/client",
    files: ["sync/kubernetes/client/**"],
    may: [
      ...["sync/kubernetes/**", "kubernetes/**", "sync/report/ports.ts", "kit/**"],
      ...["@kubernetes/client-node", "undici", "node:http#STATUS_CODES"],
    ],
    pure: false,
  },
  {
    name: "sync/kubernetes",
    files: ["sync/kubernetes/**"],
    may: [
      ...["sync/*.ts", "kubernetes/**", "sync/report/ports.ts"],
      ...["sync/report/reporter.ts", "sync/report/report-pass.ts"],
      ...["core/objects/**", "core/declare/**", "kit/**", "node:util#isDeepStrictEqual"],
    ],
    pure: false,
  },
  {
    // What the cluster is told; nothing of it touches a file or a socket but through its ports.
    name: "sync/report",
    files: ["sync/report/**"],
    may: [
      "kubernetes/api-fault.ts",
      "sync/problem-codes.ts",
      "sync/reconcile.ts",
      "contract/**",
      "kit/**",
      "zod",
      "node:crypto#randomBytes",
      "node:util#isDeepStrictEqual",
    ],
    pure: false,
  },
  {
    name: "sync/volume",
    files: ["sync/volume/**"],
    may: [
      ...["sync/*.ts", "sync/report/ports.ts", "sync/report/cluster-view.ts"],
      ...["heartbeats/**", "contract/**", "core/objects/**", "kit/**", "node:*"],
    ],
    pure: false,
  },
  {
    name: "sync",
    files: ["sync/*.ts"],
    may: ["kubernetes/api-fault.ts", "contract/**", "core/objects/**", "core/declare/**", "kit/**"],
    pure: false,
  },

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
    may: ["contract/node-history.ts", "contract/vrrp.ts", ...shared],
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
      ...["sidecar/kernel/**", "sidecar/lan/**", "sidecar/ports.ts", "heartbeats/**", "terminal/**", "contract/**"],
      ...["kit/**", "node:*", "commander"],
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

  // What people are told: columns, colours, nothing hidden, exit statuses.
  {
    name: "terminal",
    files: ["terminal/**"],
    may: ["kit/**", "picocolors", "commander"],
    pure: false,
  },
  {
    // The plugin of kubectl: what the API server knows, for a person, with that person's rights. Only `client/` asks it.
    name: "plugin/client",
    files: ["plugin/client/**"],
    may: ["plugin/ports.ts", "kubernetes/**", "kit/**"],
    pure: false,
  },
  {
    // Columns and sentences made from what was read. The time is a parameter.
    name: "plugin/view",
    files: ["plugin/view/**"],
    may: ["plugin/ports.ts", "plugin/read/**", "terminal/**", "contract/**", "kit/**", "yaml"],
    pure: false,
    givenTime: true,
  },
  {
    name: "plugin/read",
    files: ["plugin/read/**"],
    may: ["plugin/ports.ts", "kubernetes/api-fault.ts", "contract/**", "kit/**", "zod"],
    pure: false,
    givenTime: true,
  },
  {
    name: "plugin",
    files: ["plugin/*.ts"],
    may: ["plugin/**", "kubernetes/**", "terminal/**", "contract/**", "kit/**", "node:*", "commander"],
    pure: false,
  },
  {
    name: "cli/input/archive",
    files: ["cli/input/archive.ts"],
    may: ["cli/**", "terminal/**", "contract/**", "core/**", "kit/**", "node:*", "tar"],
    pure: false,
  },
  {
    name: "cli/input",
    files: ["cli/input/**"],
    may: [
      ...[
        "cli/output/**",
        "cli/problem-codes.ts",
        "terminal/**",
        "templates.ts",
        "contract/**",
        "core/**",
        "kit/**",
        "node:*",
      ],
      ...["commander", "zod"],
    ],
    pure: false,
  },
  {
    // What another load balancer's files become: text in, text out. It also reads kinds that core/objects does not know.
    name: "cli/migrate",
    files: ["cli/migrate/**"],
    may: ["core/**", ...pureKit, "yaml"],
    mayTypes: ["cli/input/files.ts"],
    pure: true,
  },
  {
    name: "cli/output",
    files: ["cli/output/**"],
    may: ["cli/input/files.ts", "terminal/**", "contract/**", "core/**", "kit/**", "node:*", "diff"],
    pure: false,
  },
  {
    name: "cli",
    files: ["cli/**"],
    may: ["terminal/**", "heartbeats/**", "contract/**", "core/**", "kit/**", "node:*", "commander", "diff", "zod"],
    pure: false,
  },
]

/** Whether a path (or the name of a package) fits a pattern of the table. */
export function fits(pattern: string, path: string): boolean {
  const expression = pattern
    .split("**")
    .map((part) => part.split("*").map(escaped).join("[^/]*"))
    .join(".*")
  return new RegExp(`^${expression}$`).test(path)
}

function escaped(text: string): string {
  return text.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)
}
