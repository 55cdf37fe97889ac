import { test } from "uvu"

/**
 * `test` for what not every machine can do. A skipped test is counted and listed with its reason.
 *
 * @param reason Why the tests cannot run here, such as `needs root`; null where they can.
 */
export function testUnless(reason: string | null): (name: string, check: () => Promise<void> | void) => void {
  return (name, check) => {
    if (reason === null) test(name, check)
    else test.skip(`${name} (${reason})`)
  }
}
