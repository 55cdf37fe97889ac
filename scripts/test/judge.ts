import type { TestEvent } from "./event.ts"

export interface FileOutcome {
  readonly passed: number
  readonly failed: number
  /** One line each: the test's name, with the reason in it. */
  readonly skipped: readonly string[]
  /** What is wrong beyond failed assertions, which uvu has printed. */
  readonly complaints: readonly string[]
  /** Everything that the file printed. */
  readonly output: string
  readonly tookMs: number
}

/** How a test file's process went. */
export interface FileRun {
  readonly events: readonly TestEvent[]
  /** Whether only some tests were asked for: then a file may have none. */
  readonly filtered: boolean
  /** `status 1` or `SIGKILL`; null for a good end. */
  readonly ending: string | null
  /** What blocked the process until it was killed; null where nothing did. */
  readonly blocked: string | null
}

/**
 * Counts a file's tests. A registered test that did not pass has failed, also where it was never reached; a file that
 * ended badly has failed at least once.
 */
export function judge(run: FileRun, output: string, tookMs: number): FileOutcome {
  const of = <Kind extends TestEvent["kind"]>(kind: Kind) =>
    run.events.filter((event): event is Extract<TestEvent, { kind: Kind }> => event.kind === kind)
  const passed = of("ended").filter((event) => event.passed).length
  const skipped = of("skipped").map(({ name }) => name)
  const missed = of("registered").length - passed
  const toRun = of("run").reduce((sum, { tests }) => sum + tests, 0)
  const complaints: string[] = []

  if (run.blocked !== null) complaints.push(run.blocked)
  else if (of("registered").length > toRun) {
    complaints.push(`${of("registered").length - toRun} of its tests never run: a suite lacks its .run()`)
  } else if (toRun === 0 && skipped.length === 0 && run.ending === null && !run.filtered) {
    complaints.push("It has no tests")
  }
  for (const { reason } of of("hook-failed")) complaints.push(reason)
  for (const { name } of of("only")) complaints.push(`"${name}" is test.only: the tests beside it do not run`)
  for (const { resources } of of("lingering")) {
    complaints.push(`Its tests are done but something keeps the process alive: ${resources.join(", ")}`)
  }
  const begun = of("started").at(-1)
  if (run.ending !== null && begun !== undefined && of("ended").length < of("started").length) {
    complaints.push(`The process ended in "${begun.name}" (${run.ending})`)
  } else if (run.ending !== null && missed === 0 && complaints.length === 0) {
    complaints.push(`The process ended badly after its tests (${run.ending})`)
  }
  const failed = Math.max(missed, complaints.length === 0 && run.ending === null ? 0 : 1)
  return { passed, failed, skipped, complaints, output, tookMs }
}
