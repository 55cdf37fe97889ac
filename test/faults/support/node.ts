import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { sha256Of } from "../../../src/kit/sha256.ts"
import type { Published } from "../../../src/sync/ports.ts"
import {
  createNetworkNamespace,
  keepalivedReleases,
  type KeepalivedService,
  type NetworkNamespace,
  script,
  superviseKeepalived,
} from "../../support/keepalived.ts"
import { vipsText } from "../../support/manifests.ts"
import { run } from "../../support/run.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { publicationOf, publisherOf } from "../../support/volume.ts"
import { type Bundle, type Faults, faultsIn, type Program, start, type StartOptions, until } from "./program.ts"

/** A node in a network namespace: the real keepalived under the real s6, and the agent as it is shipped. No IPVS is needed: VIPs forward nothing. */
export interface TestNode {
  readonly directory: string
  readonly namespace: NetworkNamespace
  readonly service: KeepalivedService
  readonly faults: Faults
  /** Starts an agent; flags come after the usual ones. */
  agent(flags?: readonly string[], options?: StartOptions): Program
  /** Publishes a generation whose VIPs are 10.4.0.<last>. */
  publish(...lasts: readonly number[]): Promise<Published>
  /** The VIPs that the kernel shows: 10.4.0.3 is the node's own. */
  vips(): Promise<readonly number[]>
  /** Waits until the kernel shows just these VIPs, and the journal says that the live file is in effect. */
  untilInEffect(...lasts: readonly number[]): Promise<void>
  /** sha256 of each file that the real config test has accepted. */
  tested(): ReadonlySet<string>
  live(): string
  journal(): { readonly phase: string; readonly from: string | null; readonly to: string } | null
  status(): string
  /** pid of keepalived's parent, of its VRRP child. */
  pid(of?: "keepalived" | "vrrp"): number
}

/** Gives a node whose agent runs 10.4.0.50, soaked; flags are for each of its agents. */
export async function withNode(
  bundle: Bundle,
  use: (node: TestNode) => Promise<void>,
  flags: readonly string[] = [],
): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const namespace = await createNetworkNamespace()
    const programs: Program[] = []
    try {
      const node = await nodeIn(directory, namespace, { bundle, flags, programs })
      await use(node)
    } finally {
      for (const { child } of programs) child.kill("SIGKILL")
      await namespace.remove()
    }
  })
}

interface Making {
  readonly bundle: Bundle
  readonly flags: readonly string[]
  readonly programs: Program[]
}

async function nodeIn(
  directory: string,
  namespace: NetworkNamespace,
  { bundle, flags, programs }: Making,
): Promise<TestNode> {
  const [release] = await keepalivedReleases()
  if (release === undefined) throw new Error("Cannot go on: no keepalived is installed; run apt-get install keepalived")
  const at = (name: string) => join(directory, name)
  mkdirSync(at("desired"))
  mkdirSync(at("applied"))
  symlinkSync("applied/keepalived.conf", at("keepalived.conf"))
  const service = await superviseKeepalived(directory, release, namespace)
  writeFileSync(join(service.runDirectory, "release"), "0\n")
  const wrapper = await script(at("keepalived-test"), testScript(release.path, at("tested")))
  const faults = faultsIn(directory)
  const publisher = publisherOf(at("desired"))
  const words = [
    ...["sidecar", "--desired", at("desired"), "--applied", at("applied"), "--state", at("state")],
    ...["--run-dir", service.runDirectory, "--service", service.serviceDirectory, "--keepalived", wrapper],
    ...[
      "--node",
      "n1",
      "--iface",
      "eth0",
      "--ask-lan",
      "false",
      "--snat",
      "none",
      "--http-port",
      "0",
      "--drain-time",
      "0",
      "--soak",
      "1",
    ],
    ...["--advert-interval", "0.2", ...flags],
  ]
  const node: TestNode = {
    directory,
    namespace,
    service,
    faults,
    agent: (more = [], options = {}) => {
      const program = start(bundle, [...words, ...more], { faults, within: namespace.words, ...options })
      programs.push(program)
      return program
    },
    publish: (...lasts) => publisher.publish(publicationOf(vipsText(...lasts.map((last) => `10.4.0.${last}: ""`)))),
    vips: async () => {
      const { stdout } = await run("ip", ["-n", namespace.name, "-4", "-o", "address", "show", "dev", "eth0"])
      const found = [...stdout.matchAll(/ inet 10\.4\.0\.(\d+)\/32/g)]
      return found.map(([, last]) => Number(last)).toSorted((a, b) => a - b)
    },
    untilInEffect: async (...lasts) => {
      const wanted = lasts.toSorted((a, b) => a - b).join()
      const claim = `the VIPs ${wanted} are in effect`
      await until(async () => (await node.vips()).join() === wanted && inEffect(node), claim, 40_000).catch(
        async (cause: unknown) => {
          const seen = `the kernel has ${(await node.vips()).join()}, the journal ${JSON.stringify(node.journal())}`
          throw new Error(`${String(cause)}: ${seen}\n${lastLines(programs.at(-1))}`, { cause })
        },
      )
    },
    tested: () => new Set((textOf(at("tested")) ?? "").split("\n")),
    live: () => sha256Of(readFileSync(at("applied/keepalived.conf"))),
    journal: () => JSON.parse(textOf(at("applied/journal.json")) ?? "null") as ReturnType<TestNode["journal"]>,
    status: () => textOf(at("applied/status.yaml")) ?? "",
    pid: (of = "keepalived") => Number(textOf(join(service.runDirectory, `${of}.pid`))),
  }
  return node
}

function inEffect(node: TestNode): boolean {
  const journal = node.journal()
  return journal?.phase === "in-effect" && journal.to === node.live()
}

function lastLines(program: Program | undefined): string {
  return (program?.lines ?? [])
    .slice(-12)
    .map((line) => JSON.stringify(line))
    .join("\n")
}

/** The real keepalived; what it accepts is written down. */
function testScript(keepalived: string, tested: string): string {
  return `${keepalived} "$@" || exit $?
[ "$1" != -t ] || { set -- $(sha256sum "$4"); echo "$1" >> ${tested}; }`
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return null
  }
}
