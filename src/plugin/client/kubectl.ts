import { type ChildProcess, spawn } from "node:child_process"

import { faultCode } from "../../kit/fault.ts"
import { ApiFault } from "../../kubernetes/api-fault.ts"
import type { UserSettings } from "../../kubernetes/user-config.ts"
import type { Forwarding, InPod, Kubectl, ProductPod } from "../ports.ts"

/** Maximum time of a command in a pod, in ms. */
const LIMIT_MS = 60_000
/** The sidecar's container. */
const CONTAINER = "sidecar"

/** Runs commands through the `kubectl` on PATH, with the kubeconfig and the context of the user. */
export function createKubectl({ kubeconfig, context }: UserSettings, program = "kubectl"): Kubectl {
  const own = [
    ...(kubeconfig === null ? [] : [`--kubeconfig=${kubeconfig}`]),
    ...(context === null ? [] : [`--context=${context}`]),
  ]
  return {
    kkv: async (pod, words) => {
      const { namespace, name } = pod
      const exec = [`--namespace=${namespace}`, "exec", name, `--container=${CONTAINER}`, "--", "kkv", ...words]
      return judged(pod, words, await run(program, [...own, ...exec]))
    },
    forward: (pod, { local, remote }, until) => {
      const words = ["port-forward", "--address=127.0.0.1", `pod/${pod.name}`, `${local === 0 ? "" : local}:${remote}`]
      return forward(program, [...own, `--namespace=${pod.namespace}`, ...words], { pod, until })
    },
  }
}

/** The line in which kubectl says that it listens. */
const LISTENS = /^Forwarding from 127\.0\.0\.1:(\d+) /m

function forward(
  program: string,
  words: readonly string[],
  { pod, until }: { readonly pod: ProductPod; readonly until: Forwarding },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] })
    const texts = { out: "", err: "" }
    let isReady = false
    const end = () => void child.kill("SIGTERM")
    until.signal.addEventListener("abort", end)
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      texts.out = `${texts.out}${text}`.slice(-4096)
      const port = LISTENS.exec(texts.out)?.[1]
      if (isReady || port === undefined) return
      isReady = true
      until.ready(Number(port))
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => (texts.err = `${texts.err}${text}`.slice(-4096)))
    const fail = (why: string) =>
      reject(new ApiFault(`Cannot forward a port to pod ${pod.namespace}/${pod.name}: ${why}`, { status: null }))
    child
      .on("error", () => forget(child))
      .on("error", (cause) => fail(faultCode(cause) === "ENOENT" ? `${program} is not on PATH` : cause.message))
    child.on("close", () => {
      until.signal.removeEventListener("abort", end)
      if (until.signal.aborted) return resolve()
      const right = /forbidden/i.test(texts.err)
        ? 'you may not; it takes the right "create" on "pods/portforward": '
        : ""
      fail(`${right}${texts.err.trim() || "kubectl ended"}`)
    })
    if (until.signal.aborted) end()
  })
}

interface Ended {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

function run(program: string, words: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const texts = { out: "", err: "" }
    // The user's environment: kubectl may need it to log in.
    const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] })
    const timer = setTimeout(() => child.kill("SIGTERM"), LIMIT_MS)
    child.stdout.setEncoding("utf8").on("data", (text: string) => (texts.out += text))
    child.stderr.setEncoding("utf8").on("data", (text: string) => (texts.err += text))
    child.on("error", (cause) => {
      const why = faultCode(cause) === "ENOENT" ? "it is not on PATH" : cause.message
      clearTimeout(timer)
      forget(child)
      reject(new ApiFault(`Cannot run ${program}: ${why}`, { status: null }))
    })
    child.on("close", (status) => {
      clearTimeout(timer)
      resolve({ status, ...texts })
    })
  })
}

/** A program that did not start leaves its pipes open. */
function forget(child: ChildProcess): void {
  child.stdout?.destroy()
  child.stderr?.destroy()
}

/** What kubectl adds if the command itself ended with another status than 0. */
const REMOTE_STATUS = /^command terminated with exit code (\d+)\n?/m

/** @throws ApiFault */
function judged({ namespace, name }: ProductPod, words: readonly string[], { status, out, err }: Ended): InPod {
  if (status === 0) return { status: 0, out, err }
  const remote = REMOTE_STATUS.exec(err)?.[1]
  // 126 and 127: the container has no such command, or it cannot be started.
  if (remote !== undefined && Number(remote) < 126)
    return { status: Number(remote), out, err: err.replace(REMOTE_STATUS, "") }
  const what = `run "kkv ${words.join(" ")}" in pod ${namespace}/${name}`
  if (status === null)
    throw new ApiFault(`Cannot ${what}: it did not end within ${LIMIT_MS / 1000} s`, { status: null })
  if (/forbidden/i.test(err))
    throw new ApiFault(
      `Cannot ${what}: you may not; it takes the right "create" on "pods/exec" in namespace "${namespace}" (kubectl said: ${err.trim()})`,
      { status: 403 },
    )
  throw new ApiFault(`Cannot ${what}: ${err.trim() || `kubectl ended with status ${status}`}`, { status: null })
}
