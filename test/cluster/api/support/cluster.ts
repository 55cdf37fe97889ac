import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"

import { run } from "../../../support/run.ts"

const bed = join(import.meta.dirname, "../..")

/** Everything that the running bed writes; part.sh says where. */
export const state = process.env["BED_STATE"] ?? ""
if (state === "") throw new Error("Cannot find the control plane: BED_STATE is not set; run test/cluster/run.sh api")

/** The administrator's. */
export const adminKubeconfig = join(state, "admin.kubeconfig")

const portBase = Number(process.env["BED_PORT_BASE"] ?? 26_000)
export const apiServer = { host: "127.0.0.1", port: portBase + 443 } as const
const etcdUrl = `http://127.0.0.1:${portBase + 379}`

interface KubectlOptions {
  readonly input?: string
  /** The administrator's if absent. */
  readonly kubeconfig?: string
}

/** Runs the bed's kubectl and gives what it printed. @throws With what it said, where it failed. */
export async function kubectl(words: readonly string[], options: KubectlOptions = {}): Promise<string> {
  const program = join(bed, "../../.cache/cluster/bin/kubectl")
  const { status, stdout, stderr } = await run(program, words, {
    environment: { KUBECONFIG: options.kubeconfig ?? adminKubeconfig },
    limitMs: 60_000,
    ...(options.input === undefined ? {} : { input: options.input }),
  })
  if (status === 0) return stdout
  throw new Error(`kubectl ${words.join(" ")} ended with ${status}: ${(stdout + stderr).trim()}`)
}

/** `kubectl apply` of these manifests. */
export async function apply(...texts: readonly string[]): Promise<void> {
  await kubectl(["apply", "-f", "-"], { input: texts.join("\n---\n") })
}

export type Program = "etcd" | "kube-apiserver" | "kube-controller-manager" | "kube-scheduler"

/** Starts or ends programs of the control plane, and waits until they are ready or gone. */
export async function controlPlane(what: "up" | "down", ...programs: readonly Program[]): Promise<void> {
  const { status, stderr } = await run(join(bed, "control-plane.sh"), [what, ...programs], { limitMs: 150_000 })
  if (status !== 0) throw new Error(`control-plane.sh ${what} ${programs.join(" ")} failed: ${stderr}`)
}

/** Forgets all that etcd knows of the past: a watch from there is answered 410. */
export async function compactEtcd(): Promise<void> {
  const { header } = (await ask("/v3/kv/range", { key: btoa("/"), limit: "1" })) as { header: { revision: string } }
  await ask("/v3/kv/compaction", { revision: header.revision, physical: true })
}

async function ask(path: string, body: object): Promise<unknown> {
  const response = await fetch(etcdUrl + path, { method: "POST", body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`etcd answered ${path} with ${response.status}: ${await response.text()}`)
  return response.json()
}

/** One request, as the API server's audit log has it. */
export interface Asked {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly user: string
  /** Which token; empty where it was another kind of credential. */
  readonly credential: string
  readonly verb: string
  readonly uri: string
  readonly resource: string
  readonly namespace: string
  readonly status: number
  /** A watch is there twice: when it began, and when it ended. */
  readonly stage: string
}

/**
 * Notes the end of the audit log; the function that it gives reads what came after.
 *
 * @param user Whose requests; null for everybody's (but the control plane's own, which are not in the log), refused ones too.
 */
export function auditFromNow(user: string | null): () => readonly Asked[] {
  const file = join(state, "audit.log")
  const from = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  return () =>
    readFileSync(file)
      .subarray(from)
      .toString("utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => askedOf(JSON.parse(line)))
      .filter((asked) => user === null || asked.user === user)
}

interface AuditEvent {
  readonly requestReceivedTimestamp: string
  readonly user: { readonly username?: string; readonly extra?: Readonly<Record<string, readonly string[]>> }
  readonly verb: string
  readonly requestURI: string
  readonly objectRef?: { readonly resource?: string; readonly namespace?: string }
  readonly responseStatus?: { readonly code?: number }
  readonly stage: string
}

function askedOf(event: AuditEvent): Asked {
  return {
    at: Date.parse(event.requestReceivedTimestamp),
    user: event.user.username ?? "",
    credential: event.user.extra?.["authentication.kubernetes.io/credential-id"]?.[0] ?? "",
    verb: event.verb,
    uri: event.requestURI,
    resource: event.objectRef?.resource ?? "",
    namespace: event.objectRef?.namespace ?? "",
    status: event.responseStatus?.code ?? 0,
    stage: event.stage,
  }
}
