import { spawn } from "node:child_process"
import { mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { packageFile } from "../../../src/kit/files/package-file.ts"
import { type NetworkNamespace, script } from "../../support/keepalived.ts"
import { type Ended, run } from "../../support/run.ts"
import { ROOT } from "../labels.ts"
import { type Bundle, type Faults, until } from "./program.ts"

/** The sidecar's container as image/s6/init starts it, in a network and a PID namespace of its own, with the real keepalived. */
export interface Pod {
  /** What it has printed. */
  output(): string
  /** Resolves with the exit status when it has ended. */
  readonly ended: Promise<number | null>
  /** SIGTERM to its PID 1. Resolves as `ended`. */
  terminate(): Promise<number | null>
  kill(): void
  /** Runs a program in the container, as `kubectl exec` does. */
  exec(program: string): Promise<Ended>
}

export interface PodOptions {
  readonly bundle: Bundle
  readonly namespace: NetworkNamespace
  readonly faults: Faults
  /** What the container's shell does before it becomes init, and what its agent's before that becomes the agent. */
  readonly first?: string
  readonly agent?: string
}

/** Starts a pod with the volumes `desired`, `applied`, `state` and `run` below `directory`. */
export async function startPod(
  directory: string,
  { bundle, namespace, faults, first = "", agent = "" }: PodOptions,
): Promise<Pod> {
  const at = (name: string) => join(directory, name)
  const preload = join(ROOT, "test/faults/preload.ts")
  mkdirSync(at("bin"), { recursive: true })
  await script(
    at("bin/kkv"),
    `${agent}
exec ${process.execPath} --import ${preload} ${bundle.kkv} "$@"`,
  )
  const words = [
    "--node",
    "n1",
    "--iface",
    "eth0",
    "--snat",
    "none",
    "--ask-lan",
    "false",
    "--http-port",
    "0",
    "--drain-time",
    "0",
    "--soak",
    "1",
  ]
  const container = await script(
    at("container"),
    `mount --make-rprivate / && mount -t proc proc /proc && mount -t tmpfs run /run && echo started
${first}
exec ${packageFile("image/s6/init", import.meta.url)} ${words.join(" ")} --advert-interval 0.2 --node-probe-port 0`,
  )
  const [program, ...rest] = [...namespace.words, "unshare", "--mount", "--pid", "--fork", "--kill-child", container]
  const variables = { FAULTS: faults.file, KKV_RUN_DIR: at("run"), KKV_STATE: at("state") }
  const child = spawn(program, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...{ ...variables, KKV_DESIRED: at("desired"), KKV_APPLIED: at("applied") },
      PATH: `${at("bin")}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    },
  })
  let output = ""
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text))
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
  await until(() => output.includes("started"), "the container has started")
  // unshare waits for its child, which is PID 1 in there.
  const init = () => Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim())
  return {
    output: () => output,
    ended,
    terminate: () => {
      process.kill(init(), "SIGTERM")
      return ended
    },
    exec: (file) => run("nsenter", ["--target", String(init()), "--mount", "--pid", "--net", file]),
    kill: () => void child.kill("SIGKILL"),
  }
}

/** The IPv4 addresses of its eth0. */
export async function addressesOf({ name }: NetworkNamespace): Promise<readonly string[]> {
  const { stdout } = await run("ip", ["-n", name, "-4", "-o", "address", "show", "dev", "eth0"])
  return Array.from(stdout.matchAll(/ inet ([0-9.]+)\//g), ([, address = ""]) => address)
}
