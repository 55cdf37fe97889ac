/**
 * uvu as the test files see it when the runner starts them: the same functions, but every test and hook has a time
 * limit, and the runner is told what happens. uvu itself has no limits and reports only sums.
 */
import { writeSync } from "node:fs"
import * as uvu from "uvu"
import { faultText } from "../../src/kit/fault.ts"
import { takeFigures } from "../../test/support/figures.ts"
import { limitOf } from "../../test/support/slow.ts"
import { EVENT_DESCRIPTOR, type FileSettings, SETTINGS_VARIABLE, type TestEvent } from "./event.ts"

type Check<T> = uvu.Callback<T>

/** How long a process may go on after its last test, in ms; never longer than a test may take. */
const LINGER_MS = 3_000

const settings = JSON.parse(process.env[SETTINGS_VARIABLE] ?? "{}") as FileSettings
// Whatever a test starts is not a test file.
delete process.env[SETTINGS_VARIABLE]
let outstanding = 0

export const exec = uvu.exec
export const test = watched(uvu.test)

export function suite<T>(title?: string, context?: T): uvu.Test<T> {
  return watched(uvu.suite(title, context))
}

function watched<T>(inner: uvu.Test<T>): uvu.Test<T> {
  let registered = 0
  function register(add: (name: string, check: Check<T>) => void, name: string, check: Check<T>): void {
    if (settings.filter !== null && !name.includes(settings.filter)) return
    const limitMs = limitOf(check) ?? settings.limitMs
    registered++
    tell({ kind: "registered", name, limitMs })
    add(name, watchedTest(name, limitMs, check))
  }
  function run(): void {
    tell({ kind: "run", tests: registered })
    outstanding += registered
    registered = 0
    inner.run()
  }
  function only(name: string, check: Check<T>): void {
    tell({ kind: "only", name })
    register((...test) => inner.only(...test), name, check)
  }
  function skip(name = "(no name)"): void {
    if (settings.filter === null || name.includes(settings.filter)) tell({ kind: "skipped", name })
    inner.skip(name)
  }
  const before = watchedHook(inner.before, "before")
  const after = watchedHook(inner.after, "after")
  return Object.assign((name: string, check: Check<T>) => register(inner, name, check), {
    run,
    only,
    skip,
    before,
    after,
  })
}

function watchedTest<T>(name: string, limitMs: number, check: Check<T>): Check<T> {
  return async (context) => {
    tell({ kind: "started", name, limitMs })
    let passed = false
    try {
      await withLimit(`"${name}"`, limitMs, async () => check(context))
      passed = true
    } finally {
      tell({ kind: "ended", name, passed, figures: takeFigures() })
      if (--outstanding === 0) watchForLingering()
    }
  }
}

function watchedHook<T>(inner: uvu.Test<T>["before"], name: string): uvu.Test<T>["before"] {
  const limited = (hook: Check<T>): Check<T> => {
    const limitMs = limitOf(hook) ?? settings.limitMs
    return async (context) => {
      try {
        await withLimit(`The ${name} hook`, limitMs, async () => hook(context))
      } catch (error) {
        tell({ kind: "hook-failed", reason: `The ${name} hook failed: ${faultText(error)}` })
        watchForLingering()
        throw error
      }
    }
  }
  return Object.assign((hook: Check<T>) => inner(limited(hook)), {
    each: (hook: Check<T>) => inner.each(limited(hook)),
  })
}

async function withLimit(what: string, limitMs: number, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not end within ${limitMs} ms`)), limitMs)
  })
  try {
    await Promise.race([work(), limit])
  } finally {
    clearTimeout(timer)
  }
}

/** Something left open would hold the process for ever: after a while we say what it is and end. */
function watchForLingering(): void {
  const linger = setTimeout(
    () => {
      tell({ kind: "lingering", resources: process.getActiveResourcesInfo() })
      process.exit(1)
    },
    Math.min(LINGER_MS, settings.limitMs),
  )
  linger.unref()
}

function tell(event: TestEvent): void {
  // readline ends a line at these two as well, and JSON leaves them as they are.
  const line = JSON.stringify(event).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029")
  writeSync(EVENT_DESCRIPTOR, `${line}\n`)
}
