import { systemClock } from "../../kit/clock.ts"
import type { PassOutcome } from "../reconcile.ts"
import type { StatusReader } from "../report/ports.ts"
import { startReporter } from "../report/reporter.ts"
import { createKubernetesApi } from "./client.ts"
import { type ConnectionSettings, loadKubeConfig } from "./connection.ts"
import { createObjectsApi } from "./objects-client.ts"
import { PATIENCE } from "./patience.ts"
import { openSession } from "./session.ts"
import { type KubernetesSource, type KubernetesSourceOptions, startKubernetesSource } from "./source.ts"

interface OpenOptions
  extends ConnectionSettings, Omit<KubernetesSourceOptions, "api" | "clock" | "random" | "patience" | "hint" | "pod"> {
  /** The pod that this process runs in; null outside of one. */
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string } | null
  readonly report: {
    /** What the sidecar says of itself. */
    readonly status: StatusReader
    /** `namespace/name` of the VipReport. */
    readonly reportKey: string
    /** This node, where the sidecar has not said its name yet. */
    readonly node: string
    /** Nothing is reported where this is null. */
  } | null
}

/** The Kubernetes API, opened as a source. */
export interface OpenKubernetes {
  readonly objects: KubernetesSource
  readonly name: string
  follow(hint: () => void): { close(): Promise<void> }
  staleMs(): number | null
  tell(outcome: PassOutcome): void
  close(): Promise<void>
}

/**
 * Connects and begins to mirror, and to report where that is asked for.
 *
 * @throws Where the kubeconfig cannot be read; an API server that does not answer is waited for.
 */
export function openKubernetes(options: OpenOptions): OpenKubernetes {
  const config = loadKubeConfig(options)
  const session = openSession(() => loadKubeConfig(options))
  const surroundings = { clock: systemClock, random: Math.random }
  let tell: () => void = () => {}
  const objects = startKubernetesSource({
    ...options,
    ...surroundings,
    api: createKubernetesApi(session),
    patience: PATIENCE,
    hint: () => tell(),
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
    follow: (hint) => {
      tell = hint
      return { close: async () => void (tell = () => {}) }
    },
    staleMs: () => objects.staleMs(),
    tell: (outcome) => reporter?.tell(outcome),
    close: async () => {
      await reporter?.stop()
      // First the connections: a watch that is being opened could not be called back.
      session.close()
      await objects.stop()
    },
  }
}
