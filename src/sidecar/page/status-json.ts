import type { Status } from "../../contract/status.ts"
import { visible } from "../../kit/text/escape-hidden.ts"
import type { PageData } from "./data.ts"

/**
 * The body of `/status.json`: the status, as in `status.yaml`, and what else the page shows.
 *
 * @param status Null before the first.
 */
export function statusJson(status: Status | null, page: PageData): string {
  const { now, agent, sync, generation, version, instances, pods, connections, nodes, events, eventsFault } = page
  const known = { pods: Object.fromEntries(pods), connections: connections && Object.fromEntries(connections) }
  const more = { now, agent, sync, generation, version, instances, ...known, cluster: nodes, events, eventsFault }
  return `${visible(JSON.stringify(status === null ? null : { ...status, ...more }, null, 2))}\n`
}
