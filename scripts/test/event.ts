/** What a test file's process tells the runner, one JSON line each. */
export type TestEvent =
  | { readonly kind: "registered"; readonly name: string; readonly limitMs: number }
  | { readonly kind: "skipped"; readonly name: string }
  /** `test.only` hides its neighbours: fine while looking for something, never to be kept. */
  | { readonly kind: "only"; readonly name: string }
  /** `.run()` was called on a suite: that many tests are now certain to be tried. */
  | { readonly kind: "run"; readonly tests: number }
  | { readonly kind: "started"; readonly name: string; readonly limitMs: number }
  /** `figures`: what it measured, as one line of text; null where nothing. */
  | { readonly kind: "ended"; readonly name: string; readonly passed: boolean; readonly figures: string | null }
  /** uvu swallows what a `before` or `after` hook throws, and its tests with it. */
  | { readonly kind: "hook-failed"; readonly reason: string }
  /** All tests are done and yet the process goes on, held by these resources. */
  | { readonly kind: "lingering"; readonly resources: readonly string[] }

/** The file descriptor that the events are written to. */
export const EVENT_DESCRIPTOR = 3

/** The settings of a test file's process, passed in its environment. */
export interface FileSettings {
  /** What a test may take unless `slow` says otherwise, in ms. */
  readonly limitMs: number
  /** Only tests whose name contains this; null for all. */
  readonly filter: string | null
}

/** The environment variable that holds the settings as JSON. */
export const SETTINGS_VARIABLE = "TEST_FILE_SETTINGS"
