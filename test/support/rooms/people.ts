import { pureKit, type Room } from "./room.ts"

/** What people call: the command line and the plugin of kubectl. */
export const peopleRooms: readonly Room[] = [
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
    may: [
      ...["plugin/ports.ts", "kubernetes/**", "kit/**"],
      ...["node:child_process#spawn", "node:child_process#ChildProcess"],
    ],
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
    may: ["plugin/ports.ts", "kubernetes/api-fault.ts", "contract/**", "core/declare/**", "kit/**", "zod"],
    pure: false,
    givenTime: true,
  },
  {
    name: "plugin",
    files: ["plugin/*.ts", "plugin/nodes/**"],
    may: ["plugin/**", "kubernetes/**", "terminal/**", "contract/**", "kit/**", "node:*", "commander", "zod"],
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
