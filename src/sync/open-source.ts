import { hostname } from "node:os"

import type { Log } from "../kit/process/log.ts"
import type { ApiFault } from "../kubernetes/api-fault.ts"
import { createDirectorySource } from "./directory/source.ts"
import { watchDirectory } from "./directory/watch.ts"
import type { ClusterSource } from "./ports.ts"
import type { PassOutcome } from "./reconcile.ts"
import type { Settings } from "./settings.ts"
import { createClusterWriter } from "./volume/cluster-writer.ts"
import { createStatusReader } from "./volume/applied-status.ts"

/** A source of objects that also reports changes. */
export interface OpenSource {
  readonly objects: ClusterSource
  /** Description for people. */
  readonly name: string
  /** Calls `onChange` whenever something may have changed, until closed. */
  follow(onChange: () => void): { close(): Promise<void> }
  /** Maximum age of the last reading, in ms; null if unknown, and before the first reading. */
  staleMs(): number | null
  /** The current faults of requests to the API server; empty while all is well. */
  faults(): readonly ApiFault[]
  /** Gets the outcome of each pass, for sources that report it. */
  tell(outcome: PassOutcome): void
  close(): Promise<void>
}

/**
 * Opens the source that the settings name.
 *
 * @throws If it cannot be opened and a retry would not help, for example without the kubeconfig file.
 */
export async function openSource({ source, servicesConfigmaps, desired }: Settings, log: Log): Promise<OpenSource> {
  if (source.kind === "directory") return openDirectory(source.directory, log)
  // Loaded only when needed: the client library takes half a second and 40 MB.
  const { openKubernetes } = await import("./kubernetes/open.ts")
  return openKubernetes({
    ...source,
    configMapKeys: servicesConfigmaps,
    pod: podOf(process.env),
    report:
      source.applied === null
        ? null
        : {
            ...reportOf(source.applied, source.report ?? servicesConfigmaps[0] ?? ""),
            showCluster: createClusterWriter(desired, log),
          },
    log,
  })
}

function openDirectory(root: string, log: Log): OpenSource {
  const source = createDirectorySource(root)
  return {
    objects: source,
    name: root,
    follow: (onChange) =>
      watchDirectory({
        root,
        onChange,
        hasChanged: () => source.hasChanged(),
        onWarning: (error) => log.warn("cannot watch the source, looking each second", { error }),
      }),
    staleMs: () => source.staleMs(),
    faults: () => [],
    tell: () => {},
    close: async () => {},
  }
}

function reportOf(applied: string, reportKey: string) {
  return { status: createStatusReader(applied), reportKey, node: process.env["KKV_NODE"] ?? hostname() }
}

/** The pod, from the manifest's `fieldRef` variables; null outside of a pod. */
function podOf({ POD_NAME: name, POD_NAMESPACE: namespace, POD_UID: uid }: NodeJS.ProcessEnv) {
  return name === undefined || namespace === undefined ? null : { namespace, name, uid: uid ?? "" }
}
