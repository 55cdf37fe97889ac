import { test } from "uvu"
import * as assert from "uvu/assert"
import {
  isCheckerDue,
  messageOf,
  reloadVerdict,
  startState,
  startVerdict,
} from "../../../src/sidecar/keepalived/verdict.ts"

/** Lines of 2.2.7 and 2.3.3, with the time that keepalived puts in front. */
function logged(...messages: readonly string[]): readonly string[] {
  return messages.map((message) => `Sun Nov  2 23:34:57 2026: ${message}`)
}

const reloads: [name: string, lines: readonly string[], expected: string][] = [
  ["nothing yet", [], "pending"],
  ["a beginning", logged("Reloading ...", "Configuration file k.conf", "Reloading"), "pending"],
  ["an answer", logged("Reloading ...", "Configuration file k.conf", "Reloading", "Reload complete"), "complete"],
  ["the end of an earlier reload", logged("Reload complete", "Reloading ..."), "pending"],
  ["the end of an earlier reload and ours", logged("Reload complete", "Reloading ...", "Reload complete"), "complete"],
  ["another state meanwhile", logged("Reloading ...", "(vips) Entering MASTER STATE", "Reload complete"), "complete"],
  [
    "a mutilated file, although it says complete",
    logged("Reloading ...", "Reloading", "(k.conf: Line 20) Unknown keyword 'nopreemptt'", "Reload complete"),
    "failed: keepalived does not understand the file",
  ],
  [
    "half a file",
    logged("Reloading ...", "There are 1 missing '}'s or extra '{'s", "Reload complete"),
    "failed: keepalived does not understand the file",
  ],
  [
    "a directory",
    logged("Reloading ...", "Configuration file b/ is a directory - skipping", "Reload complete"),
    "failed: keepalived cannot read the file",
  ],
  [
    "a change that needs a restart",
    logged("Reloading ...", "Cannot change config_directory at a reload - please restart keepalived"),
    "failed: keepalived must be restarted for this change",
  ],
  [
    "a child's end",
    logged("Reloading ...", "Reloading", "pid 15817 exited with permanent error CONFIG. Terminating"),
    "failed: a child of keepalived ended for good",
  ],
  [
    "a child's crash",
    logged("Reloading ...", "VRRP child process(15660) died: Respawning"),
    "failed: a child of keepalived died",
  ],
  ["the end", logged("Stopped Keepalived v2.3.3 (03/30,2025)"), "failed: keepalived ended"],
  [
    "no IPVS",
    ["modprobe: FATAL: Module ip_vs not found", ...logged("IPVS: Can't initialize ipvs: No such file or directory")],
    "failed: the kernel has no IPVS",
  ],
  [
    "an IPVS command that failed",
    logged("Reloading ...", "IPVS cmd IP_VS_SO_SET_ADDDEST(1159) error: Invalid argument(22)", "Reload complete"),
    "failed: the kernel refused an IPVS command",
  ],
  [
    "an IPVS command that was done already",
    logged(
      "Reloading ...",
      "IPVS cmd IP_VS_SO_SET_ADDDEST(1159) error: Destination already exists(17)",
      "Reload complete",
    ),
    "complete",
  ],
]
for (const [name, lines, expected] of reloads) {
  test(`reloadVerdict() understands ${name}`, () => assert.is(shortOf(reloadVerdict(lines)), expected))
}

const begin = "Starting Keepalived v2.2.7 (01/16,2022)"
const starts: [name: string, lines: readonly string[], expected: string][] = [
  ["nothing yet", [], "pending"],
  ["a beginning", logged(begin, "Starting VRRP child process, pid=7"), "pending"],
  ["an answer", logged(begin, "Starting VRRP child process, pid=7", "Startup complete"), "complete"],
  [
    "the end of the process before",
    logged("Startup complete", "Stopping", "Stopped Keepalived v2.2.7 (01/16,2022)"),
    "pending",
  ],
  [
    "an answer after the end of the process before",
    logged("Stopped Keepalived v2.2.7", begin, "Startup complete"),
    "complete",
  ],
  [
    "a refused file",
    logged(begin, "pid 15817 exited with permanent error CONFIG. Terminating"),
    "failed: a child of keepalived ended for good",
  ],
  [
    "a stale pid file",
    logged(begin, "daemon is already running"),
    "failed: another keepalived runs here, or a stale pid file says so",
  ],
  [
    "a crash without a word",
    logged(begin, "Starting VRRP child process, pid=7", begin),
    "failed: keepalived ended at its start",
  ],
]
for (const [name, lines, expected] of starts) {
  test(`startVerdict() understands ${name}`, () => assert.is(shortOf(startVerdict(lines)), expected))
}

const DIED = "Healthcheck child process(122) died: Respawning"
const DELAYED = "Restart of Healthcheck process delayed 2 seconds to limit respawn rate"
for (const [name, messages, due] of [
  ["nothing", [], false],
  ["its death", [DIED, DELAYED], true],
  ["its next life", [DIED, DELAYED, "Starting Healthcheck child process, pid=215"], false],
  ["its second death", [DIED, "Starting Healthcheck child process, pid=215", DIED], true],
  ["the VRRP child's death", ["VRRP child process(79) died: Respawning"], false],
] as const)
  test(`isCheckerDue() after ${name}`, () => assert.is(isCheckerDue(logged(...messages)), due))

test("startState() believes only the life that names the VRRP child", () => {
  const first = logged(begin, "Starting VRRP child process, pid=7", "Startup complete")
  const second = logged(begin, "Starting VRRP child process, pid=9")
  assert.is(startState(first, 7), "complete")
  assert.is(startState([...first, ...logged("Starting VRRP child process, pid=8")], 8), "complete")
  // Only the first life was complete.
  assert.is(startState([...first, ...second], 9), "starting")
  assert.is(
    startState([...first, ...logged("Cannot change config_directory at a reload - please restart")], 7),
    "spoiled",
  )
  assert.is(startState([...logged("Cannot change x at a reload"), ...first], 7), "complete")
  // The log ends with another life, or does not go back so far.
  assert.is(startState(first, 9), "unknown")
  assert.is(startState(logged("Starting VRRP child process, pid=7", "Startup complete"), 7), "unknown")
  assert.is(startState(first, null), "unknown")
})

test("messageOf() takes off the time, and only that", () => {
  assert.is(messageOf("Sun Nov 22 18:38:37 2026: (vips) Entering MASTER STATE"), "(vips) Entering MASTER STATE")
  assert.is(messageOf("Sun Nov  1 18:38:37 2026: a: b"), "a: b")
  assert.is(messageOf("modprobe: FATAL: x"), "modprobe: FATAL: x")
})

function shortOf(verdict: ReturnType<typeof reloadVerdict>): string {
  return verdict.kind === "failed" ? `failed: ${verdict.reason.replace(/: ".*"$/, "")}` : verdict.kind
}

test.run()
