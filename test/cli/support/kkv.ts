import { main } from "../../../src/cli/main.ts"

export interface Said {
  readonly status: number
  readonly out: string
  readonly err: string
}

export interface KkvOptions {
  /** Null: more than a command reads. */
  readonly input?: string | Uint8Array | null
  readonly colour?: boolean
}

/** Runs a command in this process and gives what it said. */
export async function kkv(words: readonly string[], options: KkvOptions = {}): Promise<Said> {
  const said = { out: "", err: "" }
  const status = await main(words, {
    out: (text) => (said.out += text),
    err: (text) => (said.err += text),
    input: () => Promise.resolve(options.input === null ? null : Buffer.from(options.input ?? "")),
    colour: options.colour ?? false,
  })
  return { status, ...said }
}

/** The lines of problems that validate prints, up to their codes. */
export function codesOf(out: string): readonly string[] {
  return out.split("\n").flatMap((line) => /^.+?: (?:warning: )?[A-Z][A-Z0-9_]+(?=: )/.exec(line)?.[0] ?? [])
}
