import { spawn } from "node:child_process"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { createRenderer } from "../../src/core/render/render.ts"
import { packageFile } from "../../src/kit/files/package-file.ts"
import { instanceOf } from "../core/instances.ts"
import { shippedTemplates } from "../support/golden.ts"
import {
  createNetworkNamespace,
  type KeepalivedRelease,
  keepalivedReleases,
  type NetworkNamespace,
  until,
} from "../support/keepalived.ts"
import { run } from "../support/run.ts"
import { slow } from "../support/slow.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

/**
 * What a neighbour's adverts of priority 255 do to a master, by where they come from. VRRP version 3 has no authentication:
 * on the LAN itself nothing stops them, which the last row of each table says.
 */
interface Forged {
  readonly from: string
  readonly to: string
  /** Each router on the way takes one off. */
  readonly ttl: number
  readonly yields: boolean
}

const HERE = "10.4.0.3"
const PEER = "10.4.0.4"
const GROUP = "224.0.0.18"

const UNICAST: readonly Forged[] = [
  { from: "10.9.9.9", to: HERE, ttl: 254, yields: false },
  { from: "10.4.0.9", to: HERE, ttl: 255, yields: false },
  { from: PEER, to: HERE, ttl: 254, yields: false },
  { from: PEER, to: HERE, ttl: 255, yields: true },
]
const MULTICAST: readonly Forged[] = [
  { from: "10.9.9.9", to: HERE, ttl: 254, yields: false },
  { from: PEER, to: HERE, ttl: 255, yields: false },
  { from: PEER, to: GROUP, ttl: 254, yields: false },
  { from: PEER, to: GROUP, ttl: 255, yields: true },
]

for (const release of await keepalivedReleases())
  for (const [mode, table] of Object.entries({ unicast: UNICAST, multicast: MULTICAST }))
    test(
      `keepalived ${release.version} by ${mode} is moved by nobody but who is on the LAN, in a peer's name`,
      slow(60_000, () =>
        asMaster(release, mode === "unicast", async (namespace) => {
          for (const forged of table) {
            const stays = !(await yieldsTo(forged, namespace))
            assert.is(stays, !forged.yields, JSON.stringify(forged))
            await until(() => hasAnchor(namespace), "the node is master again")
          }
        }),
      ),
    )

/** Starts keepalived on our own configuration, and calls `use` when it has become master. */
async function asMaster(
  release: KeepalivedRelease,
  isUnicast: boolean,
  use: (namespace: NetworkNamespace) => Promise<void>,
): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const namespace = await createNetworkNamespace()
    try {
      const files = [join(directory, "keepalived.conf"), join(directory, "release")] as const
      await mkdir(join(directory, "pids"))
      await writeFile(files[0], configuration(files[1], isUnicast))
      await writeFile(files[1], "0\n")
      const pids = ["-p", "-r", "-c"].flatMap((flag) => [flag, join(directory, "pids", flag.slice(1))])
      const [enter, ...words] = namespace.words
      const daemon = [release.path, "--dont-fork", "--log-console", "--no-syslog", "--use-file", files[0], ...pids]
      spawn(enter, [...words, ...daemon], { stdio: "ignore" })
      await until(() => hasAnchor(namespace), "the node is master")
      await use(namespace)
    } finally {
      await namespace.remove()
    }
  })
}

function configuration(releaseFile: string, isUnicast: boolean): string {
  const render = createRenderer(shippedTemplates())
  const unicast = isUnicast ? { source: HERE, peers: [PEER] } : null
  return render({
    routerId: "n1",
    vrrpVersion: 3,
    releaseFile,
    instances: [{ ...instanceOf("10.4.0.50"), advertInterval: 0.1, unicast }],
  }).text
}

/** Forges adverts for as long as a backup would need to notice, and looks who is master meanwhile. */
async function yieldsTo({ from, to, ttl }: Forged, namespace: NetworkNamespace): Promise<boolean> {
  const forger = packageFile("test/keepalived/forge-advert.py", import.meta.url)
  const [enter, ...words] = namespace.words
  const state = { over: false, yielded: false }
  const sent = run(enter, [...words, "python3", "-S", forger, from, to, String(ttl)]).then((ended) => {
    state.over = true
    return ended
  })
  while (!state.over) {
    if (!(await hasAnchor(namespace))) state.yielded = true
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const { status, stderr } = await sent
  assert.is(status, 0, stderr)
  return state.yielded
}

async function hasAnchor(namespace: NetworkNamespace): Promise<boolean> {
  const { stdout } = await run("ip", ["-n", namespace.name, "-4", "-o", "address", "show", "to", "169.254.50.1/32"])
  return stdout !== ""
}

test.run()
