import type { Age } from "../contract/heartbeat.ts"
import { type HttpAnswer, type HttpRoutes, type HttpServer, serve } from "../kit/http-server.ts"
import { visible } from "../kit/visible.ts"
import type { Agent } from "./agent.ts"
import { healthOf, readinessOf } from "./health.ts"
import type { Metrics } from "./metrics.ts"
import type { NodeWatch } from "./nodes/node-watch.ts"
import type { SidecarSettings } from "./settings.ts"
import type { StandingFaults } from "./standing-faults.ts"
import type { StatusWriter } from "./volume/status-writer.ts"
import type { VolumeWatch } from "./volume/watch.ts"

/** What the answers are made from. */
export interface AnswerParts {
  readonly agent: Pick<Agent, "snapshot">
  readonly metrics: Metrics
  readonly watch: Pick<VolumeWatch, "counts">
  readonly status: Pick<StatusWriter, "value">
  readonly syncSilence: () => Age
  readonly heldBySync: () => readonly string[]
  readonly faults: Pick<StandingFaults, "standing">
  readonly nodes: NodeWatch | null
}

export interface Servers {
  /** What is listened on, in the order of the addresses; also where port 0 was asked for. */
  readonly ports: readonly number[]
  close(): Promise<void>
}

/**
 * Answers probes, Prometheus and people, with a server of its own for each address: whoever fills up that of the LAN does
 * not keep the kubelet from the one on loopback. The status, which names Services, stays on the node.
 *
 * @throws When one of the addresses cannot be listened on.
 */
export async function startServers(
  { httpPort: port, httpAddresses }: Pick<SidecarSettings, "httpPort" | "httpAddresses">,
  parts: AnswerParts,
): Promise<Servers> {
  const servers: HttpServer[] = []
  const close = async () => void (await Promise.all(servers.map((server) => server.close())))
  try {
    for (const address of httpAddresses) {
      const routes = { ...routesOf(parts), ...(isLoopback(address) ? ownRoutesOf(parts) : {}) }
      servers.push(await serve({ port, address, routes }))
    }
  } catch (error) {
    await close()
    throw error
  }
  return { ports: servers.map((server) => server.port), close }
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1"
}

const text = (code: number, body: string): HttpAnswer => ({
  status: code,
  type: "text/plain",
  body: `${visible(body)}\n`,
})

const verdict = (why: string | null, code: number, prefix = ""): HttpAnswer =>
  why === null ? text(200, "OK") : text(code, prefix + why)

function routesOf({ agent, metrics, watch, syncSilence, heldBySync, faults, nodes }: AnswerParts): HttpRoutes {
  return {
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
        faults: faults.standing(),
      }),
    }),
  }
}

function ownRoutesOf({ status }: AnswerParts): HttpRoutes {
  return {
    "/status.json": () => ({
      status: 200,
      type: "application/json",
      body: `${visible(JSON.stringify(status.value(), null, 2))}\n`,
    }),
  }
}
