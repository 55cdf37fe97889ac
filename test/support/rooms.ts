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
}

const isIp = ["node:net#isIP", "node:net#isIPv4", "node:net#isIPv6"]
const text = ["kit/yaml-text.ts", "kit/json-text.ts", "kit/visible.ts"]

export const rooms: readonly Room[] = [
  {
    name: "kkv",
    files: ["kkv.ts"],
    may: ["kit/**", "sync/main.ts", "sidecar/main.ts", "cli/main.ts"],
    pure: false,
  },
  // The texts of templates/ come with the package.
  {
    name: "templates",
    files: ["templates.ts"],
    may: ["core/render/**", "kit/**", "node:fs#readFileSync"],
    pure: false,
  },
  { name: "kit/log", files: ["kit/log.ts"], may: ["kit/**", "pino"], pure: false },
  { name: "kit", files: ["kit/**"], may: ["node:*"], pure: false },
  {
    name: "contract",
    files: ["contract/**"],
    may: ["kit/problem.ts", ...text, "zod", "yaml", "kit/sha256.ts"],
    pure: true,
  },

  {
    name: "core/objects",
    files: ["core/objects/**"],
    may: ["kit/problem.ts", ...text, "zod", "yaml"],
    pure: true,
  },
  {
    name: "core/desired",
    files: ["core/desired/**"],
    may: ["core/objects/**", "kit/problem.ts", "kit/visible.ts", ...isIp],
    pure: true,
  },
  {
    name: "core/references",
    files: ["core/references.ts"],
    may: ["core/objects/**", "core/desired/**", "kit/problem.ts"],
    pure: true,
  },
  {
    name: "core/model",
    files: ["core/model/**"],
    may: ["core/desired/**", "core/objects/**", "kit/problem.ts", "kit/memo.ts", "kit/same-set.ts", "zod", ...isIp],
    pure: true,
  },
  {
    name: "core/render/template",
    files: ["core/render/template.ts"],
    may: ["core/render/**", "core/model/**", "handlebars"],
    pure: true,
  },
  {
    name: "core/render",
    files: ["core/render/**"],
    may: ["core/model/**", "kit/problem.ts", "kit/sha256.ts"],
    pure: true,
  },
  { name: "core/pipeline", files: ["core/*.ts"], may: ["core/**", "kit/problem.ts"], pure: true },

  { name: "sync/metrics", files: ["sync/metrics.ts"], may: ["sync/*.ts", "kit/**", "prom-client"], pure: false },
  {
    name: "sync/main",
    files: ["sync/main.ts", "sync/settings.ts", "sync/flag-values.ts", "sync/open-source.ts"],
    may: ["sync/**", "contract/**", "core/**", "kit/**", "node:*", "commander", "zod"],
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
    files: ["client", "watch-stream", "objects-client", "session", "connection"].map(
      (name) => `sync/kubernetes/${name}.ts`,
    ),
    may: [
      "sync/kubernetes/**",
      "sync/api-fault.ts",
      "sync/report/ports.ts",
      "kit/**",
      "@kubernetes/client-node",
      "undici",
      "node:http#STATUS_CODES",
    ],
    pure: false,
  },
  { name: "sync/kubernetes/in-pod", files: ["sync/kubernetes/in-pod.ts"], may: ["node:fs#existsSync"], pure: false },
  {
    name: "sync/kubernetes",
    files: ["sync/kubernetes/**"],
    may: [
      ...["sync/*.ts", "sync/report/ports.ts", "sync/report/reporter.ts"],
      ...["core/objects/**", "core/references.ts", "kit/**", "node:util#isDeepStrictEqual"],
    ],
    pure: false,
  },
  {
    // What the cluster is told; nothing of it touches a file or a socket but through its ports.
    name: "sync/report",
    files: ["sync/report/**"],
    may: [
      ...["sync/api-fault.ts", "sync/reconcile.ts", "kit/**", "zod", "node:crypto#randomBytes"],
      ...[
        "contract/status.ts",
        "contract/heartbeat.ts",
        "contract/well.ts",
        "contract/entry-state.ts",
        "contract/vrrp.ts",
      ],
    ],
    pure: false,
  },
  {
    name: "sync/volume",
    files: ["sync/volume/**"],
    may: ["sync/*.ts", "sync/report/ports.ts", "contract/**", "core/objects/**", "kit/**", "node:*"],
    pure: false,
  },
  {
    name: "sync",
    files: ["sync/*.ts"],
    may: ["contract/**", "core/objects/**", "core/references.ts", "kit/**"],
    pure: false,
  },

  {
    name: "sidecar/main",
    // Whoever opens the parts, or joins them, must know them all.
    files: ["main", "assemble", "parts", "connect", "follow-vrrp", "settings"].map((name) => `sidecar/${name}.ts`),
    may: [
      "sidecar/**",
      "templates.ts",
      "contract/**",
      "core/**",
      "kit/**",
      "node:*",
      "commander",
      "zod",
      "prom-client",
      "node-cron",
    ],
    pure: false,
  },
  {
    // What one agent leaves for the next: read at start, written beside the passes.
    name: "sidecar/records",
    files: ["sidecar/adopt.ts", "sidecar/archivist.ts"],
    may: ["sidecar/*.ts", "sidecar/volume/**", "contract/**", "core/**", "kit/**", "node:path#join"],
    pure: false,
  },
  {
    name: "sidecar/metrics",
    files: ["sidecar/metrics.ts", "sidecar/metric-series.ts"],
    may: ["sidecar/*.ts", "sidecar/apply/**", "contract/**", "core/**", "kit/**", "prom-client"],
    mayTypes: ["sidecar/volume/**", "sidecar/nodes/**"],
    pure: false,
  },
  {
    name: "sidecar/schedule",
    files: ["sidecar/schedule.ts"],
    may: ["sidecar/*.ts", "kit/**", "node-cron"],
    pure: false,
  },
  {
    name: "sidecar/apply",
    files: ["sidecar/apply/**"],
    may: ["sidecar/ports.ts", "sidecar/keepalived/effect.ts", "core/model/**", "core/render/**", "kit/**"],
    pure: false,
  },
  {
    name: "sidecar/keepalived",
    files: ["sidecar/keepalived/**"],
    may: ["sidecar/ports.ts", "sidecar/node-facts.ts", "kit/**", "node:*", "zod"],
    pure: false,
  },
  {
    // Who takes packets before IPVS sees them: rules of the node, as their programs print them.
    name: "sidecar/capture",
    files: ["sidecar/capture/**"],
    may: ["sidecar/ports.ts", "kit/**", "node:fs/promises#readFile", ...isIp],
    pure: false,
  },
  {
    // Whether other nodes live: `probe.ts` alone opens sockets.
    name: "sidecar/nodes/probe",
    files: ["sidecar/nodes/probe.ts"],
    may: ["sidecar/nodes/**", "node:net#connect", "node:net#Socket"],
    pure: false,
  },
  {
    name: "sidecar/nodes",
    files: ["sidecar/nodes/**"],
    may: ["core/**", "kit/**", ...isIp],
    pure: false,
  },
  {
    // What VRRP makes of this node, by what keepalived and the machine are seen to say.
    name: "sidecar/vrrp",
    files: ["sidecar/vrrp/**"],
    may: ["sidecar/ports.ts", "contract/node-history.ts", "contract/vrrp.ts", "core/model/**", "kit/**"],
    pure: false,
  },
  {
    // Who on the LAN has an address: a program of the system asks.
    name: "sidecar/lan",
    files: ["sidecar/lan/**"],
    may: ["kit/**"],
    pure: false,
  },
  {
    name: "sidecar/volume/watch",
    files: ["sidecar/volume/watch.ts"],
    may: ["sidecar/volume/**", "sidecar/ports.ts", "contract/**", "kit/**", "node:*", "chokidar"],
    pure: false,
  },
  {
    name: "sidecar/volume/archive",
    files: ["sidecar/volume/archive.ts"],
    may: ["sidecar/volume/**", "sidecar/ports.ts", "contract/**", "kit/**", "node:*", "tar"],
    pure: false,
  },
  {
    name: "sidecar/volume",
    files: ["sidecar/volume/**"],
    may: [
      ...["sidecar/ports.ts", "sidecar/apply/ports.ts", "sidecar/apply/intent.ts"],
      ...["contract/**", "core/**", "kit/**", "node:*", "zod"],
    ],
    mayTypes: ["sidecar/nodes/**"],
    pure: false,
  },
  {
    name: "sidecar",
    files: ["sidecar/*.ts"],
    // effect.ts is the pure half of the folder: the kernel's tables, once read, against the model.
    may: [
      ...["contract/**", "core/**", "kit/**", "sidecar/apply/**", "sidecar/keepalived/effect.ts"],
      ...["sidecar/vrrp/vrrp.ts", ...isIp],
    ],
    mayTypes: ["sidecar/volume/**", "sidecar/nodes/**", "sidecar/capture/**", "sidecar/lan/**"],
    pure: false,
  },

  {
    name: "cli/archive",
    files: ["cli/archive.ts"],
    may: ["cli/**", "contract/**", "core/**", "kit/**", "node:*", "tar"],
    pure: false,
  },
  {
    name: "cli",
    files: ["cli/**"],
    may: ["templates.ts", "contract/**", "core/**", "kit/**", "node:*", "commander", "diff", "picocolors", "zod"],
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
