import { spawn } from "node:child_process"
import { chmod, mkdir, readdir, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { packageFile } from "../../src/kit/files/package-file.ts"
import { run } from "./run.ts"

/** An installed keepalived. */
export interface KeepalivedRelease {
  /** Such as `2.2.7`. */
  readonly version: string
  /** Must be called by this path: Debian's 2.3 looks for its build options beside it, and ends without them. */
  readonly path: string
}

/** The distribution's keepalived first, then those that scripts/keepalived-releases.sh put beside it. */
export async function keepalivedReleases(): Promise<readonly KeepalivedRelease[]> {
  const cache = process.env["KKV_KEEPALIVED_CACHE"] ?? packageFile(".cache/keepalived", import.meta.url)
  const cached = await readdir(cache).catch(() => [])
  const versions = cached.filter((name) => /^\d+\.\d+\.\d+$/.test(name)).toSorted()
  const paths = ["/usr/sbin/keepalived", ...versions.map((name) => join(cache, name, "keepalived"))]
  const found = await Promise.all(paths.map(async (path) => ({ path, version: await versionOf(path) })))
  return found.flatMap(({ path, version }) => (version === null ? [] : [{ path, version }]))
}

async function versionOf(path: string): Promise<string | null> {
  const ended = await run(path, ["--version"]).catch(() => null)
  return /^Keepalived v(\d+\.\d+\.\d+)/m.exec(ended?.stderr ?? "")?.[1] ?? null
}

/** Why tests that need network namespaces cannot run here; null when they can. The caller decides what to do about it. */
export function rootObjection(): string | null {
  return process.getuid?.() === 0 ? null : "root is needed to make network namespaces: run this test with sudo"
}

/** A network namespace with the interface `eth0`, 10.4.0.3/24, whose other end is `peer0`. */
export interface NetworkNamespace {
  readonly name: string
  /** The words that run a program in it: `[...words, program, ...]`. */
  readonly words: readonly [string, ...string[]]
  /** Makes `file` a program that runs `program` in the namespace, with the words that it is given. */
  wrap(file: string, program: string): Promise<string>
  /** Ends the processes in it, and removes it. */
  remove(): Promise<void>
}

/**
 * @throws Without root.
 */
export async function createNetworkNamespace(): Promise<NetworkNamespace> {
  const objection = rootObjection()
  if (objection !== null) throw new Error(`Cannot make a network namespace: ${objection}`)
  // keepalived 2.3.3 refuses a track_file in a directory that does not exist.
  await mkdir("/run/keepalived", { recursive: true })
  const name = `kkv-test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`
  await must("ip", ["netns", "add", name])
  const words = ["ip", "netns", "exec", name] as const
  // The kernel of many machines has no dummy interface, but all have veth.
  await must("ip", ["-n", name, "link", "add", "eth0", "type", "veth", "peer", "name", "peer0"])
  const batch = "link set lo up\nlink set peer0 up\nlink set eth0 up\naddress add 10.4.0.3/24 dev eth0\n"
  await must("ip", ["-n", name, "-batch", "-"], batch)
  return {
    name,
    words,
    wrap: async (file, program) => {
      await writeFile(file, `#!/bin/sh\nexec ${words.join(" ")} ${program} "$@"\n`)
      await chmod(file, 0o755)
      return file
    },
    remove: async () => {
      // Again and again, because a supervisor starts anew what was killed before it.
      await until(async () => (await killAllIn(name)) === 0, `nothing runs in the namespace ${name}`)
      await must("ip", ["netns", "delete", name])
    },
  }
}

async function killAllIn(namespace: string): Promise<number> {
  const { stdout } = await must("ip", ["netns", "pids", namespace])
  const pids = stdout.split("\n").filter((line) => line !== "")
  for (const pid of pids) {
    try {
      process.kill(Number(pid), "SIGKILL")
    } catch {
      // It ended by itself.
    }
  }
  return pids.length
}

/** keepalived as an s6 service in a namespace, as the image has it: down at first. It ends with the namespace. */
export interface KeepalivedService {
  readonly serviceDirectory: string
  readonly runDirectory: string
  readonly liveFile: string
}

/** @param directory An empty directory for the service's files. */
export async function superviseKeepalived(
  directory: string,
  release: KeepalivedRelease,
  namespace: NetworkNamespace,
): Promise<KeepalivedService> {
  const scan = join(directory, "service")
  const serviceDirectory = join(scan, "keepalived")
  const runDirectory = join(directory, "run")
  const liveFile = join(directory, "keepalived.conf")
  await mkdir(join(serviceDirectory, "log"), { recursive: true })
  await mkdir(runDirectory)
  await writeFile(join(serviceDirectory, "down"), "")
  await script(join(serviceDirectory, "log", "run"), `exec s6-log n3 s200000 ${runDirectory}/log`)
  // The image's own: it waits for the children of a killed keepalived, which would remove the pid files of the next one.
  await symlink(packageFile("image/s6/scan/keepalived/finish", import.meta.url), join(serviceDirectory, "finish"))
  await writeFile(join(serviceDirectory, "timeout-finish"), "10000")
  await script(
    join(serviceDirectory, "run"),
    `exec 2>&1
rm -f ${runDirectory}/*.pid
export TMPDIR=${runDirectory}
exec ${release.path} --dont-fork --log-console --no-syslog --use-file ${liveFile} \\
  --pid ${runDirectory}/keepalived.pid --vrrp_pid ${runDirectory}/vrrp.pid --checkers_pid ${runDirectory}/checkers.pid`,
  )
  const [program, ...words] = [...namespace.words, "s6-svscan", scan]
  spawn(program, words, { stdio: "ignore", env: { ...process.env, KKV_RUN_DIR: runDirectory } })
  await until(async () => (await run("s6-svok", [serviceDirectory])).status === 0, "s6-svscan supervises keepalived")
  return { serviceDirectory, runDirectory, liveFile }
}

/**
 * Asks again every 20 ms: for what the system tells nobody.
 *
 * @throws When `claim` is still false after 10 s.
 */
export async function until(holds: () => Promise<boolean>, claim: string): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Cannot go on: after 10 s it is still not so that ${claim}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Writes a program for sh. */
export async function script(file: string, body: string): Promise<string> {
  await writeFile(file, `#!/bin/sh\n${body}\n`)
  await chmod(file, 0o755)
  return file
}

async function must(program: string, words: readonly string[], input = ""): Promise<{ readonly stdout: string }> {
  const ended = await run(program, words, { input })
  if (ended.status === 0) return ended
  throw new Error(`Cannot run ${program} ${words.join(" ")}: status ${ended.status}: ${ended.stderr}`)
}
