import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { createKernel } from "../../../src/sidecar/kernel/kernel.ts"
import { createNetworkNamespace, type NetworkNamespace, rootObjection, script } from "../../support/keepalived.ts"
import { run } from "../../support/run.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

const objection = rootObjection()
if (objection !== null) console.error(`kernel.test.ts: ${objection}`)
const rootTest = objection === null ? test : test.skip

const kernelModule = JSON.stringify(new URL("../../../src/sidecar/kernel/kernel.ts", import.meta.url).href)

async function withNamespace(use: (namespace: NetworkNamespace) => Promise<void>): Promise<void> {
  const namespace = await createNetworkNamespace()
  try {
    await use(namespace)
  } finally {
    await namespace.remove()
  }
}

/** What an expression of `kernel` gives inside the namespace, where the process must be to see its interfaces. */
async function inside(namespace: NetworkNamespace, expression: string): Promise<string> {
  const code = `import { createKernel } from ${kernelModule}; const kernel = createKernel(); console.log(${expression})`
  const [program, ...words] = [...namespace.words, process.execPath, "--input-type=module", "--eval", code]
  const ended = await run(program, words)
  return ended.status === 0 ? ended.stdout.trim() : ended.stderr
}

async function ip(namespace: NetworkNamespace, line: string): Promise<void> {
  const ended = await run("ip", ["-n", namespace.name, ...line.split(" ")])
  assert.is(ended.status, 0, ended.stderr)
}

const addresses = (name: string) => `[...(await kernel.addresses("${name}")) ?? ["none"]].sort().join(" ")`

const allAddresses =
  "(await kernel.allAddresses()).map((one) => `${one.address}/${one.prefixLength} ${one.interface}`).sort().join(', ')"

rootTest("allAddresses() tells interface and prefix of each address, and the label of none (fault 211)", () =>
  withNamespace(async (namespace) => {
    await ip(namespace, "address add 10.4.0.50/32 dev eth0 label eth0:vip")
    await ip(namespace, "address add 10.2.66.1/24 dev peer0")
    await ip(namespace, "link set peer0 down")
    const all = "10.2.66.1/24 peer0, 10.4.0.3/24 eth0, 10.4.0.50/32 eth0, 127.0.0.1/8 lo"
    assert.is(await inside(namespace, allAddresses), all)
  }),
)

test("allAddresses() reads again where the kernel says that a change interrupted it, and tells who added an address", () =>
  withTemporaryDirectory(async (directory) => {
    const answer = (address: string) =>
      `[{"ifname":"eth0","addr_info":[{"local":"${address}","prefixlen":32,"protocol":"keepalived"}]},{}]`
    const ip = await script(
      join(directory, "fake-ip"),
      `if mkdir ${directory}/asked 2> /dev/null; then
         echo '${answer("10.4.0.1")}'; echo "Dump was interrupted and may be inconsistent." >&2
       else echo '${answer("10.4.0.2")}'; fi`,
    )
    assert.equal(await createKernel({ ip }).allAddresses?.(), [
      { interface: "eth0", address: "10.4.0.2", prefixLength: 32, protocol: "keepalived" },
    ])
  }))

rootTest("hasInterface() sees one that is up, or down, and none that is not there", () =>
  withNamespace(async (namespace) => {
    const has = (name: string) => inside(namespace, `await kernel.hasInterface("${name}")`)
    assert.is(await has("kube-ipvs0"), "false")
    await ip(namespace, "link add kube-ipvs0 type veth peer name peer9")
    assert.is(await has("kube-ipvs0"), "true")
    assert.is(await has("eth0"), "true")
    assert.is(await has("kube-ipvs"), "false")
  }),
)

rootTest("addresses() sees an interface that is up, has lost its carrier, is down, is empty, or is not there", () =>
  withNamespace(async (namespace) => {
    await ip(namespace, "address add 10.4.0.50/32 dev eth0 label eth0:vip")
    await ip(namespace, "address add 169.254.50.1/32 dev eth0")
    await ip(namespace, "address add 10.4.0.51/25 dev eth0")
    const all = "10.4.0.50 169.254.50.1"
    assert.is(await inside(namespace, addresses("eth0")), all)
    await ip(namespace, "link set peer0 down")
    assert.is(await inside(namespace, addresses("eth0")), all)
    await ip(namespace, "link set eth0 down")
    assert.is(await inside(namespace, addresses("eth0")), all)
    assert.is(await inside(namespace, addresses("peer0")), "")
    assert.is(await inside(namespace, addresses("eth9")), "none")
  }),
)

rootTest("removeAddress() removes the address that is ours, and takes an absent one for removed", () =>
  withNamespace(async (namespace) => {
    await ip(namespace, "address add 10.4.0.50/32 dev eth0")
    for (const vip of ["10.4.0.50", "10.4.0.50", "10.4.0.3"]) {
      assert.is(await inside(namespace, `await kernel.removeAddress("eth0", "${vip}")`), "undefined")
      assert.is(await inside(namespace, allAddresses), "10.4.0.3/24 eth0, 127.0.0.1/8 lo")
    }
    assert.is(await inside(namespace, `await kernel.removeAddress("eth9", "10.4.0.50")`), "undefined")
  }),
)

test("virtualServers() is null where the kernel has no IPVS", async () => {
  assert.is(await createKernel({ ipVsTable: "/nonexistent" }).virtualServers(), null)
})

/** What the real ipvsadm said in a kernel with IPVS; the fake says it again. */
const answers: [said: string, status: number, fault: RegExp | null][] = [
  ["", 0, null],
  ["No such service", 255, null],
  ["No such destination", 255, null],
  ["Service not defined", 255, null],
  ["Can't initialize ipvs: Permission denied", 255, /Cannot remove .* from IPVS: .* Permission denied/],
]
for (const [said, status, fault] of answers) {
  test(`removeVirtualServer() and removeRealServer() with a fake ipvsadm that says "${said}"`, () =>
    withTemporaryDirectory(async (directory) => {
      const ipvsadm = await script(join(directory, "fake-ipvsadm"), `echo "${said}" >&2; exit ${status}`)
      const kernel = createKernel({ ipvsadm })
      const key = { address: "10.4.0.50", port: 80, protocol: "TCP" as const }
      const real = { address: "10.2.1.11", port: 8080 }
      for (const remove of [() => kernel.removeVirtualServer(key), () => kernel.removeRealServer(key, real)]) {
        const text = await remove().then(
          () => null,
          (error: unknown) => String(error),
        )
        if (fault === null) assert.is(text, null)
        else assert.match(text ?? "", fault)
      }
    }))
}

const commands: [key: { address: string; port: number; protocol: "TCP" | "UDP" | "SCTP" }, words: string][] = [
  [{ address: "10.4.0.50", port: 80, protocol: "TCP" }, "-t 10.4.0.50:80"],
  [{ address: "10.4.0.50", port: 53, protocol: "UDP" }, "-u 10.4.0.50:53"],
  [{ address: "fd04::50", port: 3868, protocol: "SCTP" }, "--sctp-service [fd04::50]:3868"],
]
for (const [key, words] of commands) {
  test(`removeVirtualServer() asks ipvsadm for ${words}`, () =>
    withTemporaryDirectory(async (directory) => {
      // A status other than 0 shows its words in the fault.
      const ipvsadm = await script(join(directory, "fake-ipvsadm"), 'echo "asked: $*" >&2; exit 1')
      const text = await createKernel({ ipvsadm })
        .removeVirtualServer(key)
        .catch((error: unknown) => String(error))
      assert.ok(String(text).includes(`asked: -D ${words}`), String(text))
    }))
}

test.run()
