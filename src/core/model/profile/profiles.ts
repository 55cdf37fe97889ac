import type { ParsedFlag } from "../flags.ts"
import { optionKey } from "../option-texts.ts"

/** A named set of defaults. A flag or a variable that is given decides. */
export interface Profile {
  readonly name: string
  readonly description: string
  /** Flag -> the text of its default in place of the usual one. Also flags that the programs have apart from the model's. */
  readonly flags: Readonly<Record<`--${string}`, string>>
}

/** The first is that of an absent flag. */
export const PROFILES = [
  { name: "default", description: "the defaults as the help shows them", flags: {} },
  {
    name: "0.35",
    description: "what release 0.35 did",
    // Its flags (pkg/cmd), rootfs/keepalived.tmpl, and the sysctls and iptables rules that it did not set.
    flags: {
      "--layout": "classic",
      "--vrid": "50",
      "--vrrp-version": "3",
      "--advert-interval": "1",
      "--scheduler": "wlc",
      "--persistence-timeout": "1800",
      "--check": "tcp",
      "--snat": "none",
      "--ask-lan": "false",
      "--release-vips": "true",
    },
  },
] as const satisfies readonly Profile[]

/** `--profile`, as the tables of flags have it. */
export const PROFILE_FLAG = {
  flag: "--profile",
  value: PROFILES.map(({ name }) => name).join("|"),
  description: "defaults of the other flags: 0.35 is what release 0.35 did (docs/settings.md)",
  default: PROFILES[0].name,
} as const

export function parseProfile(name: string): ParsedFlag<Profile> {
  const value = PROFILES.find((one) => one.name === name)
  if (value !== undefined) return { kind: "value", value }
  return { kind: "wrong", reason: `expected ${PROFILES.map((one) => one.name).join(" or ")}` }
}

/** The options of a command line, as commander's `Command` has them. */
export interface CommandOptions {
  getOptionValue(key: string): unknown
  /** `default` if the flag is absent; undefined if the program does not have it. */
  getOptionValueSource(key: string): string | undefined
  setOptionValueWithSource(key: string, value: unknown, source: string): unknown
}

/** Gives absent flags the defaults of the profile that the options name. An unknown profile changes nothing. */
export function takeProfile(options: CommandOptions): void {
  const profile = parseProfile(String(options.getOptionValue(optionKey(PROFILE_FLAG.flag))))
  if (profile.kind === "wrong") return
  for (const [flag, text] of Object.entries(profile.value.flags))
    if (options.getOptionValueSource(optionKey(flag)) === "default")
      options.setOptionValueWithSource(optionKey(flag), text, "profile")
}
