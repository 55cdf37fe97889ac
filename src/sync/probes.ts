import { serveEach } from "../kit/http/server.ts"

export interface ProbesOptions {
  readonly port: number
  /** Addresses, each with its own server, so that a client that overloads one does not block another. */
  readonly addresses: readonly string[]
  /** Why desired/ cannot be written, in one line; null if it can. */
  readonly notReady: () => string | null
  /** In Prometheus' text format. */
  readonly metrics: () => Promise<string>
}

/**
 * Answers the kubelet's probes and Prometheus. No probe asks the API server: a sync that waits for it is alive and ready, and a restart would
 * only lose what it knows. A sync with a blocked event loop does not answer.
 *
 * @throws If it cannot listen on the port.
 */
export function startProbes({ port, addresses, notReady, metrics }: ProbesOptions): ReturnType<typeof serveEach> {
  const routes = {
    "/livez": () => answer(null),
    "/readyz": () => answer(notReady()),
    "/metrics": async () => ({ status: 200, type: "text/plain; version=0.0.4", body: await metrics() }),
  }
  return serveEach(addresses, () => ({ port, routes }))
}

function answer(objection: string | null) {
  return { status: objection === null ? 200 : 503, type: "text/plain", body: `${objection ?? "OK"}\n` }
}
