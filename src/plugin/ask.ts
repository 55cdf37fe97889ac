import { createInterface } from "node:readline/promises"

/** Asks on the terminal, and takes only `y` or `yes` as a yes. Null where standard input or standard error is not a terminal. */
export function askOnTerminal(): ((question: string) => Promise<boolean>) | null {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return null
  return async (question) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr })
    try {
      return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim())
    } finally {
      lines.close()
    }
  }
}
