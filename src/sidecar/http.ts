import { type HttpAnswer, type HttpServer, serve } from "../kit/http-server.ts"
import type { Agent } from "./agent.ts"
import { healthOf, readinessOf } from "./health.ts"
import type { Metrics } from "./metrics.ts"
import type { NodeWatch } from "./nodes/node-watch.ts"
import type { SidecarSettings } from "./settings.ts"
import type { StatusWriter } from "./volume/status-writer.ts"
import type { VolumeWatch } from "./volume/watch.ts"

/** Answers probes, Prometheus and people. */
export function startServer(
  settings: SidecarSettings,
  parts: {
    readonly agent: Agent
    readonly metrics: Metrics
    readonly watch: VolumeWatch
    readonly status: StatusWriter
    readonly syncSilence: () => number | null
    readonly heldBySync: () => readonly string[]
    readonly nodes: NodeWatch | null
  },
): Promise<HttpServer> {
  const { agent, metrics, watch, status, syncSilence, heldBySync, nodes } = parts
  const text = (code: number, body: string): HttpAnswer => ({ status: code, type: "text/plain", body: `${body}\n` })
  const verdict = (why: string | null, code: number, prefix = ""): HttpAnswer =>
    why === null ? text(200, "OK") : text(code, prefix + why)
  return serve({
    port: settings.httpPort,
    address: settings.httpAddress,
    routes: {
      "/health": () => verdict(healthOf(agent.snapshot()), 500, "keepalived not healthy: "),
      // That this is answered at all is the answer: the loop turns.
      "/livez": () => text(200, "OK"),
      "/readyz": () => verdict(readinessOf(agent.snapshot()), 503),
      "/metrics": async () => ({
        status: 200,
        type: "text/plain; version=0.0.4",
        body: await metrics.page(agent.snapshot(), {
          watch: watch.counts(),
          syncSilence: syncSilence(),
          nodes: nodes?.state() ?? null,
          heldBySync: heldBySync(),
        }),
      }),
      "/status.json": () => ({
        status: 200,
        type: "application/json",
        body: `${JSON.stringify(status.value(), null, 2)}\n`,
      }),
    },
  })
}
