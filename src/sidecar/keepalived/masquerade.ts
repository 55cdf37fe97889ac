import { runCommand } from "../../kit/run-command.ts"

/** Programs of the installed iptables, whether it speaks to nf_tables or to the legacy tables. */
export interface IptablesPrograms {
  readonly iptables: string
  readonly iptablesRestore: string
}

/** The chain of the nat table that is ours alone. */
export const MASQUERADE_CHAIN = "KUBE-KEEPALIVED-VIP"
/** Seconds to wait for another program that holds the lock of the legacy tables. */
const LOCK_SECONDS = 5
const LIMITS = { timeoutMs: 20_000, maximumOutputBytes: 1024 * 1024 }

/** What our chain masquerades, as the kernel has it. */
export interface MasqueradeState {
  /** Rules of POSTROUTING that lead to our chain, in the words of `iptables -S`; one, when all is well. */
  readonly jumps: readonly string[]
  /** VIPs of the chain's rules, sorted; null where there is no chain, or one with a rule that is not ours. */
  readonly vips: readonly string[] | null
  readonly chainExists: boolean
}

/**
 * Makes our chain masquerade what IPVS forwards by NAT for these VIPs, and nothing else; without VIPs the chain goes. The
 * chain is replaced in one step, so no packet meets half of it, and left alone when it is right already.
 *
 * @throws When iptables is missing or fails.
 */
export async function masqueradeVips(programs: IptablesPrograms, vips: readonly string[]): Promise<void> {
  const state = await masqueradeState(programs)
  const change = masqueradeChange(state, vips)
  if (change === null) return
  const words = ["--noflush", "-w", String(LOCK_SECONDS)]
  const result = await runCommand(programs.iptablesRestore, words, { ...LIMITS, input: change })
  if (result.status === 0) return
  throw new Error(
    `Cannot masquerade what IPVS forwards: "${programs.iptablesRestore}" ended with ${result.status ?? result.signal} ` +
      `(${lastLine(result.stderr)}); the kernel needs its modules xt_ipvs and xt_MASQUERADE (modprobe xt_ipvs), or use --snat none`,
  )
}

/** The text for `iptables-restore --noflush` that leads from the state to these VIPs; null when nothing is to be done. */
export function masqueradeChange(state: MasqueradeState, vips: readonly string[]): string | null {
  const wanted = [...new Set(vips)].toSorted()
  if (wanted.length === 0 && !state.chainExists && state.jumps.length === 0) return null
  if (wanted.length > 0 && state.jumps.length === 1 && state.vips?.join(" ") === wanted.join(" ")) return null
  const unhooked = state.jumps.map((jump) => `-D ${jump}`)
  // Naming a chain makes it where it is missing, and empties it.
  const lines = ["*nat", `:${MASQUERADE_CHAIN} - [0:0]`, ...unhooked]
  if (wanted.length === 0) return [...lines, `-X ${MASQUERADE_CHAIN}`, "COMMIT", ""].join("\n")
  // First of all: network plugins end the walk of packets from pod to pod with rules of their own.
  const jump = `-I POSTROUTING 1 -m ipvs --ipvs --vdir ORIGINAL -j ${MASQUERADE_CHAIN}`
  const rules = wanted.map(
    (vip) => `-A ${MASQUERADE_CHAIN} -m ipvs --ipvs --vaddr ${vip}/32 --vdir ORIGINAL --vmethod MASQ -j MASQUERADE`,
  )
  return [...lines, jump, ...rules, "COMMIT", ""].join("\n")
}

async function masqueradeState(programs: IptablesPrograms): Promise<MasqueradeState> {
  const list = (chain: string) =>
    runCommand(programs.iptables, ["-w", String(LOCK_SECONDS), "-t", "nat", "-S", chain], LIMITS)
  const [postrouting, ours] = await Promise.all([list("POSTROUTING"), list(MASQUERADE_CHAIN)])
  if (postrouting.status !== 0) {
    throw new Error(
      `Cannot read the nat table: "${programs.iptables}" ended with ${postrouting.status ?? postrouting.signal} ` +
        `(${lastLine(postrouting.stderr)}); the kernel needs iptables' nat table (modprobe iptable_nat), or use --snat none`,
    )
  }
  return parseMasqueradeState(postrouting.stdout, ours.status === 0 ? ours.stdout : null)
}

/**
 * @param postrouting What `iptables -t nat -S POSTROUTING` printed.
 * @param ours The same of our chain; null where there is none.
 */
export function parseMasqueradeState(postrouting: string, ours: string | null): MasqueradeState {
  const jumps = appended(postrouting).filter((rule) => rule.endsWith(` -j ${MASQUERADE_CHAIN}`))
  const chainExists = ours !== null
  const vips = appended(ours ?? "").map((rule) => OUR_RULE.exec(rule)?.[1] ?? null)
  const known = vips.filter((vip) => vip !== null)
  return { jumps, chainExists, vips: chainExists && known.length === vips.length ? known.toSorted() : null }
}

/** iptables leaves out the `--ipvs` that the other options imply; that of nf_tables keeps `/32`, the legacy one does not. */
const OUR_RULE =
  /^KUBE-KEEPALIVED-VIP -m ipvs (?:--ipvs )?--vaddr ([0-9.]+)(?:\/32)? --vdir ORIGINAL --vmethod MASQ -j MASQUERADE$/

function appended(rules: string): readonly string[] {
  return rules
    .split("\n")
    .filter((line) => line.startsWith("-A "))
    .map((line) => line.slice("-A ".length).trimEnd())
}

function lastLine(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("Try `"))
  return lines.at(-1)?.trim() ?? "it printed nothing"
}
