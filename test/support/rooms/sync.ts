import type { Room } from "./room.ts"

/** The program that reads the cluster. */
export const syncRooms: readonly Room[] = [
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
]
