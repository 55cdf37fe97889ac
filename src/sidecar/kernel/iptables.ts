import { asHost } from "../../core/address/network.ts"
import { ADDRESS, HOST_PREFIX } from "../../core/address/pattern.ts"
import { type CommandResult, runCommand } from "../../kit/process/run-command.ts"
import { type Kernel, MasqueradeFault } from "../ports.ts"

/** Programs of the installed iptables, whether it speaks to nf_tables or to the legacy tables. */
export interface IptablesPrograms {
  readonly iptables: string
  readonly iptablesRestore: string
  /** The chain of the nat table that is ours alone; that of the usual virtual router ID if absent. */
  readonly chain?: string
}

/** Another installation on this node, with another virtual router ID, has a chain of its own. The image's stop scripts know the names, too. */
export function masqueradeChainOf(virtualRouterId: number): string {
  return virtualRouterId === 50 ? USUAL_CHAIN : `${USUAL_CHAIN}-${virtualRouterId}`
}

const USUAL_CHAIN = "KUBE-KEEPALIVED-VIP"
/** Seconds to wait for another program that holds the lock of the legacy tables. */
const LOCK_SECONDS = 5
/** Some more than the wait for the lock: a program that hangs is ended. */
const LIMITS = { timeoutMs: 8_000, maximumOutputBytes: 1024 * 1024 }

/** What our chain masquerades, as the kernel has it. */
export interface MasqueradeState {
  /** Rules of POSTROUTING that lead to our chain, in the words of `iptables -S`; one, when all is well. */
  readonly jumps: readonly string[]
  /** VIPs of the chain's rules, sorted; null where there is no chain, or one with a rule that is not ours. */
  readonly vips: readonly string[] | null
  readonly chainExists: boolean
}

/**
 * Our chain of the nat table, with what is known of it since it was last read or written. It is replaced in one step, so no
 * packet meets half of it, and left alone when it is right already; without VIPs it is removed.
 */
export function createMasqueradeChain(programs: IptablesPrograms): Pick<Kernel, "masquerade"> {
  let known: MasqueradeState | null = null
  const change = async (state: MasqueradeState, vips: readonly string[]) => {
    known = null
    const failed = await changeChain(programs, state, vips)
    if (failed === null) known = afterChange(vips, programs.chain)
    return failed
  }
  return {
    masquerade: async (vips, from) => {
      const before = known
      if (from === "memory" && known !== null) {
        const failed = await change(known, vips)
        if (failed === null) return null
        // Unless it is only busy: another program has changed what is remembered.
        if (isBusy(failed.result)) throw changeFault(programs, failed)
      }
      const state = await masqueradeState(programs)
      const failed = await change(state, vips)
      if (failed !== null) throw changeFault(programs, failed)
      return before === null ? null : changeBetween(before, state)
    },
  }
}

function changeBetween(before: MasqueradeState, now: MasqueradeState): string | null {
  const [expected, found] = [before, now].map(({ jumps, vips }) => (jumps.length === 0 ? [] : vips)?.join(", "))
  if (expected === found) return null
  return `masquerading for ${found === "" ? "no VIP" : (found ?? "other packets too")}, expected for ${expected === "" ? "no VIP" : expected}`
}

/** How a change of the chain failed, and what the chain had before. */
interface Failed {
  readonly result: CommandResult
  readonly vips: readonly string[]
}

async function changeChain(
  programs: IptablesPrograms,
  state: MasqueradeState,
  vips: readonly string[],
): Promise<Failed | null> {
  const change = masqueradeChange(state, vips, programs.chain)
  if (change === null) return null
  const has = state.jumps.length > 0 ? (state.vips ?? []) : []
  const words = ["--noflush", "-w", String(LOCK_SECONDS)]
  const result = await run(programs.iptablesRestore, words, { input: change, vips: has })
  return result.status === 0 ? null : { result, vips: has }
}

function changeFault({ iptablesRestore }: IptablesPrograms, failed: Failed): MasqueradeFault {
  return iptablesFault("Cannot masquerade what IPVS forwards", iptablesRestore, failed)
}

function isBusy({ stderr, timedOut }: CommandResult): boolean {
  return timedOut || LOCKED.test(stderr)
}

const LOCKED = /xtables lock/

/** As `iptables -S` will list it. */
function afterChange(vips: readonly string[], chain = USUAL_CHAIN): MasqueradeState {
  if (vips.length === 0) return { jumps: [], vips: null, chainExists: false }
  return { jumps: [jumpTo(chain)], vips: [...new Set(vips)].toSorted(), chainExists: true }
}

/** The text for `iptables-restore --noflush` that leads from the state to these VIPs; null when nothing is to be done. */
export function masqueradeChange(state: MasqueradeState, vips: readonly string[], chain = USUAL_CHAIN): string | null {
  const wanted = [...new Set(vips)].toSorted()
  if (wanted.length === 0 && !state.chainExists && state.jumps.length === 0) return null
  if (wanted.length > 0 && state.jumps.length === 1 && state.vips?.join(" ") === wanted.join(" ")) return null
  const unhooked = state.jumps.map((jump) => `-D ${jump}`)
  // Naming a chain makes it where it is missing, and empties it.
  const lines = ["*nat", `:${chain} - [0:0]`, ...unhooked]
  if (wanted.length === 0) return [...lines, `-X ${chain}`, "COMMIT", ""].join("\n")
  // First of all: network plugins end the walk of packets from pod to pod with rules of their own.
  const jump = `-I ${jumpTo(chain).replace("POSTROUTING", "POSTROUTING 1")}`
  const rules = wanted.map(
    (vip) => `-A ${chain} -m ipvs --ipvs --vaddr ${asHost(vip)} --vdir ORIGINAL --vmethod MASQ -j MASQUERADE`,
  )
  return [...lines, jump, ...rules, "COMMIT", ""].join("\n")
}

/** The rule that leads to our chain. */
const jumpTo = (chain: string) => `POSTROUTING -m ipvs --ipvs --vdir ORIGINAL -j ${chain}`

async function masqueradeState(programs: IptablesPrograms): Promise<MasqueradeState> {
  const what = "Cannot read the nat table"
  const list = (name: string) =>
    run(programs.iptables, ["-w", String(LOCK_SECONDS), "-t", "nat", "-S", name], { vips: null })
  const [postrouting, ours] = await Promise.all([list("POSTROUTING"), list(programs.chain ?? USUAL_CHAIN)])
  if (postrouting.status !== 0) throw iptablesFault(what, programs.iptables, { result: postrouting, vips: null })
  // iptables-nft 1.8.9 says "incompatible" of a chain that is missing, where POSTROUTING of the same table is not.
  const isMissing = ours.status === 1
  if (ours.status !== 0 && !isMissing) throw iptablesFault(what, programs.iptables, { result: ours, vips: null })
  return parseMasqueradeState(postrouting.stdout, isMissing ? null : ours.stdout, programs.chain)
}

type Vips = MasqueradeFault["vips"]

async function run(
  program: string,
  words: readonly string[],
  { input = "", vips }: { readonly input?: string; readonly vips: Vips },
): Promise<CommandResult> {
  try {
    return await runCommand(program, words, { ...LIMITS, input })
  } catch (cause) {
    throw new MasqueradeFault(cause instanceof Error ? cause.message : String(cause), vips, { cause })
  }
}

function iptablesFault(
  what: string,
  program: string,
  { result, vips }: { readonly result: CommandResult; readonly vips: Vips },
): MasqueradeFault {
  const ending = result.timedOut
    ? `did not end within ${LIMITS.timeoutMs / 1_000} s`
    : `ended with ${result.status ?? result.signal}`
  const said = result.timedOut ? "" : ` (${lastLine(result.stderr)})`
  return new MasqueradeFault(`${what}: "${program}" ${ending}${said}; ${whatToDo(result)}`, vips)
}

/** What iptables 1.8.9 and 1.8.11 print, and what to do about it; the first that fits counts. */
const CURES: readonly (readonly [said: RegExp, cure: string])[] = [
  [
    LOCKED,
    `another program holds the lock of iptables for longer than ${LOCK_SECONDS} s; find it with "fuser -v /run/xtables.lock"`,
  ],
  [
    /use 'nft' tool/,
    "the nat table has rules that iptables cannot read; move them to a table of their own with nft, or use --snat none",
  ],
  [/Permission denied|Operation not permitted|must be root/, "the sidecar needs the capability NET_ADMIN"],
  [
    /initialize nft|Protocol not supported/,
    "this kernel has no nf_tables; load it (modprobe nf_tables), or use the legacy iptables",
  ],
  [
    /Table does not exist|initialize (?:ip)?tables table/,
    "the kernel needs iptables' nat table (modprobe iptable_nat), or use --snat none",
  ],
]

function whatToDo({ stderr, timedOut }: CommandResult): string {
  if (timedOut) return 'see what it waits for (/proc/PID/stack), and whether another program holds "/run/xtables.lock"'
  return (
    CURES.find(([said]) => said.test(stderr))?.[1] ??
    "the kernel needs its modules xt_ipvs and xt_MASQUERADE (modprobe xt_ipvs), or use --snat none"
  )
}

/**
 * @param postrouting What `iptables -t nat -S POSTROUTING` printed.
 * @param ours The same of our chain; null where there is none.
 */
export function parseMasqueradeState(postrouting: string, ours: string | null, chain = USUAL_CHAIN): MasqueradeState {
  const jumps = appended(postrouting).filter((rule) => rule.endsWith(` -j ${chain}`))
  const chainExists = ours !== null
  const vips = appended(ours ?? "").map((rule) => OUR_RULE.exec(rule.replace(`${chain} `, ""))?.[1] ?? null)
  const known = vips.filter((vip) => vip !== null)
  return { jumps, chainExists, vips: chainExists && known.length === vips.length ? known.toSorted() : null }
}

/** iptables leaves out the `--ipvs` that the other options imply; that of nf_tables keeps the prefix length, the legacy one does not. */
const OUR_RULE = new RegExp(
  `^-m ipvs (?:--ipvs )?--vaddr (${ADDRESS})(?:${HOST_PREFIX})? --vdir ORIGINAL --vmethod MASQ -j MASQUERADE$`,
)

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
