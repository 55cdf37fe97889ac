import { coreRooms } from "./rooms/core.ts"
import { peopleRooms } from "./rooms/people.ts"
import { pureKit, type Room } from "./rooms/room.ts"
import { sidecarRooms } from "./rooms/sidecar.ts"
import { syncRooms } from "./rooms/sync.ts"

/** The table of all rooms of src/. */
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
  {
    // A session with the API server: credentials, one pool of connections, errors that name what was asked.
    name: "kubernetes",
    files: ["kubernetes/**"],
    may: ["kit/**", "@kubernetes/client-node", "undici", "node:fs#existsSync"],
    pure: false,
  },
  ...coreRooms,
  ...syncRooms,
  ...sidecarRooms,
  ...peopleRooms,
]
