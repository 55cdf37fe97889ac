import { systemClock } from "../../kit/time/clock.ts"
import type { PassOutcome } from "../reconcile.ts"
import type { StatusReader } from "../report/ports.ts"
import type { ReportPassOptions } from "../report/report-pass.ts"
import { startReporter } from "../report/reporter.ts"
import { createKubernetesApi } from "./client/client.ts"
import { type ConnectionSettings, loadKubeConfig } from "../../kubernetes/connection.ts"
import { createObjectsApi } from "./client/objects-client.ts"
import { TIMINGS } from "./timings.ts"
import { openSession } from "../../kubernetes/session.ts"
import { type KubernetesSourceOptions, startKubernetesSource } from "./source.ts"

interface OpenOptions
  extends
    ConnectionSettings,
    Omit<KubernetesSourceOptions, "api" | "clock" | "random" | "patience" | "onChange" | "pod"> {
  /** The pod that this process runs in; null outside of a pod. */
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string } | null
  readonly report: {
    /** The sidecar's status. */
    readonly status: StatusReader
    /** `namespace/name` of the VipReport. */
    readonly reportKey: string
    /** Name of this node, until the sidecar has reported it. */
    readonly node: string
    /** Shows the sidecar what the nodes report. */
    readonly showCluster: ReportPassOptions["showCluster"]
    /** Null: sync does not report. */
  } | null
}

/**
 * Opens the Kubernetes API as a source: connects, begins to mirror and, if configured, to report.
 *
 * @throws If the kubeconfig cannot be read. It waits for an API server that does not answer.
 */
export function openKubernetes(options: OpenOptions) {
  const config = loadKubeConfig(options)
  const session = openSession(() => loadKubeConfig(options))
  const surroundings = { clock: systemClock, random: Math.random }
  let tell: () => void = () => {}
  const objects = startKubernetesSource({
    ...options,
    ...surroundings,
    api: createKubernetesApi(session),
    patience: TIMINGS,
    onChange: () => tell(),
  })
  const reporter =
    options.report === null
      ? null
      : startReporter({
          ...options,
          ...options.report,
          ...surroundings,
          api: createObjectsApi(session),
          facts: () => objects.facts(),
          staleMs: () => objects.staleMs(),
          now: () => new Date(),
        })
  return {
    objects,
    name: config.getCurrentCluster()?.server ?? "",
    follow: (onChange: () => void) => {
      tell = onChange
      return { close: async () => void (tell = () => {}) }
    },
    staleMs: () => objects.staleMs(),
    faults: () => objects.faults(),
    tell: (outcome: PassOutcome) => reporter?.tell(outcome),
    close: async () => {
      await reporter?.stop()
      // Connections first: a watch that is just being opened cannot be cancelled otherwise.
      session.close()
      await objects.stop()
    },
  }
}
