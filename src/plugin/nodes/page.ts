import { EXIT, UsageError } from "../../terminal/exit-status.ts"
import { readScene } from "./action.ts"
import type { Call } from "../options.ts"
import { podOn } from "../read/pods.ts"

export interface PageOptions {
  /** The sidecar's `--http-port`. */
  readonly port: string
  /** Port of this machine; null: a free one. */
  readonly localPort: string | null
}

/** Forwards a port of this machine to the status page of a node, until interrupted. @param node Null: the node that holds the VIPs. */
export async function page(
  node: string | null,
  { port, localPort }: PageOptions,
  call: Call,
  signal: AbortSignal,
): Promise<number> {
  const ports = { remote: portIn("--port", port), local: localPort === null ? 0 : portIn("--local-port", localPort) }
  const { installation, heard } = await readScene(call)
  const isMaster = (one: (typeof heard)[number]) =>
    one.isFresh && one.report?.roles?.some(({ state }) => state === "master") === true
  const name = node ?? (heard.find(isMaster) ?? heard.find(({ isFresh }) => isFresh))?.node
  if (name === undefined) {
    call.screen.err("kubectl kkv: Cannot choose a node: no node reports; name one\n")
    return EXIT.no
  }
  const pod = await podOn(call.cluster.api, installation.namespace, name)
  await call.cluster.kubectl.forward(pod, ports, {
    signal,
    ready: (local) => call.screen.out(`http://127.0.0.1:${local}/ is the status page of ${name}, until Ctrl-C\n`),
  })
  return EXIT.good
}

function portIn(flag: string, text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535)
    throw new UsageError(`Cannot use ${flag} "${text}": expected a port from 1 to 65535`)
  return port
}
