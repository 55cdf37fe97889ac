import { hostname } from "node:os"

import type { Log } from "../kit/log.ts"
import { createDirectorySource } from "./directory/source.ts"
import { watchDirectory } from "./directory/watch.ts"
import type { ClusterSource } from "./ports.ts"
import type { PassOutcome } from "./reconcile.ts"
import type { Settings } from "./settings.ts"
import { createStatusReader } from "./volume/applied-status.ts"

/** A source of objects with what keeps it fresh. */
export interface OpenSource {
  readonly objects: ClusterSource
  /** In words, for people. */
  readonly name: string
  /** Has `hint` called whenever something may have changed, until closed. */
  follow(hint: () => void): { close(): Promise<void> }
  /** How old what was read may be, in ms; null where nobody can say, and before the first reading. */
  staleMs(): number | null
  /** Hears how each pass ended; a source that can be told reports it. */
  tell(outcome: PassOutcome): void
  close(): Promise<void>
}

/**
 * Opens the source that the settings name.
 *
 * @throws Where it cannot be opened whatever happens, such as a kubeconfig that is not there.
 */
export async function openSource({ source, servicesConfigmap }: Settings, log: Log): Promise<OpenSource> {
  if (source.kind === "directory") return openDirectory(source.directory, log)
  // Loaded for those who need it: the client library takes half a second and 40 MB.
  const { openKubernetes } = await import("./kubernetes/open.ts")
  return openKubernetes({
    ...source,
    configMapKey: servicesConfigmap,
    pod: podOf(process.env),
    report: source.applied === null ? null : reportOf(source.applied, source.report ?? servicesConfigmap),
    log,
  })
}

function openDirectory(root: string, log: Log): OpenSource {
  const source = createDirectorySource(root)
  return {
    objects: source,
    name: root,
    follow: (hint) =>
      watchDirectory({
        root,
        hint,
        hasChanged: () => source.hasChanged(),
        trouble: (error) => log.warn("cannot watch the source, looking each second", { error }),
      }),
    staleMs: () => source.staleMs(),
    tell: () => {},
    close: async () => {},
  }
}

function reportOf(applied: string, reportKey: string) {
  return { status: createStatusReader(applied), reportKey, node: process.env["KKV_NODE"] ?? hostname() }
}

/** As the manifest's `fieldRef`s give it; null outside of a pod. */
function podOf({ POD_NAME: name, POD_NAMESPACE: namespace, POD_UID: uid }: NodeJS.ProcessEnv) {
  return name === undefined || namespace === undefined ? null : { namespace, name, uid: uid ?? "" }
}
