import { readFileSync } from "node:fs"
import { get } from "node:http"
import { join } from "node:path"
import { membersOf } from "../../core/model/vrrp-instance.ts"
import { systemClock } from "../../kit/time/clock.ts"
import { advertsIn, askForStatistics, refusedIn } from "../keepalived/adverts.ts"
import { createGenerations } from "../volume/generations.ts"
import type { AdvertCounts } from "./advert-checks.ts"
import type { Peer } from "./peer-checks.ts"

/** What keepalived counts of each instance; null if it does not answer. @param runDirectory With its pid files and its log. */
export async function advertCounts(runDirectory: string): Promise<ReadonlyMap<string, AdvertCounts> | null> {
  try {
    const pid = Number(readFileSync(join(runDirectory, "vrrp.pid"), "utf8"))
    if (!Number.isSafeInteger(pid) || pid <= 1) return null
    const signal = () => void process.kill(pid, "SIGUSR2")
    return await askForStatistics(runDirectory, { clock: systemClock, signal, read: countsIn })
  } catch {
    // The process is gone, or has not written its number: the check says that it is unknown.
    return null
  }
}

function countsIn(text: string): ReadonlyMap<string, AdvertCounts> | null {
  const [heard, refused] = [advertsIn(text), refusedIn(text)]
  if (heard === null || refused === null) return null
  return new Map([...heard].map(([name, count]) => [name, { heard: count, refused: refused.get(name) ?? new Map() }]))
}

/** The newest lines of keepalived's log; empty if there is none. */
export function logLines(runDirectory: string): readonly string[] {
  try {
    return readFileSync(join(runDirectory, "log/current"), "utf8").split("\n")
  } catch {
    return []
  }
}

/** The other nodes of the election, from the newest generation; null if they are unknown. */
export async function peersIn(desired: string, self: string): Promise<readonly Peer[] | null> {
  const reading = await createGenerations({ directory: desired, alarm: () => {} }).read()
  if (reading.kind !== "generation") return null
  return membersOf(reading.generation.objects.nodes).filter(({ name }) => name !== self)
}

/** kube-proxy's metrics address, by default. Source: Kubernetes, KubeProxyConfiguration v1alpha1, metricsBindAddress. */
const PROXY = "http://127.0.0.1:10249/configz"
const LIMIT_MS = 1_000
const MOST_BYTES = 256 * 1024

/** What kube-proxy says of its configuration; null if it does not answer, as where its metrics have another address. */
export function proxyConfiguration(url = PROXY): Promise<unknown> {
  return new Promise((resolve) => {
    const request = get(url, { timeout: LIMIT_MS }, (response) => {
      let text = ""
      response.setEncoding("utf8")
      response.on("data", (part: string) => {
        text += part
        if (text.length > MOST_BYTES) request.destroy()
      })
      response.on("end", () => resolve(response.statusCode === 200 ? parsed(text) : null))
      response.on("error", () => resolve(null))
    })
    request.on("timeout", () => request.destroy())
    request.on("error", () => resolve(null))
    request.on("close", () => resolve(null))
  })
}

/** Null for a text that is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
