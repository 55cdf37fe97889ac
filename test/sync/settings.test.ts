import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { packageVersion } from "../../src/kit/files/package-file.ts"
import { readSettings } from "../../src/sync/settings.ts"
import { run } from "../support/run.ts"

test("readSettings() gives flags and defaults", () => {
  const reading = readSettings(["--source", "dir", "--services-configmap=default/vips"])
  assert.equal(reading, {
    kind: "settings",
    settings: {
      source: { kind: "directory", directory: "dir" },
      servicesConfigmaps: ["default/vips"],
      desired: "/run/kkv/desired",
      retain: 5,
      logLevel: "info",
      once: false,
      httpPort: 0,
      httpAddress: ["127.0.0.1"],
    },
  })
})

const program = `import { readSettings } from "./src/sync/settings.ts"
const reading = readSettings(process.argv.slice(1))
if (reading.kind === "exit") process.exitCode = reading.status
else console.log(JSON.stringify(reading.settings))`

function sync(words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const directory = join(import.meta.dirname, "../..")
  return run(process.execPath, ["--input-type=module-typescript", "-e", program, "--", ...words], {
    directory,
    environment,
  })
}

const required = ["--source=dir", "--services-configmap=default/vips"]

test("readSettings() reads the environment where a flag is absent", async () => {
  const environment = { KKV_SOURCE: "a", KKV_SERVICES_CONFIGMAP: "x/y", KKV_DESIRED: "d", KKV_RETAIN: "2" }
  const { stdout } = await sync(["--source=b"], environment)
  assert.match(stdout, '"directory":"b"')
  assert.match(stdout, '"desired":"d"')
  assert.match(stdout, '"retain":2')
})

for (const [what, words, said] of [
  ["an unknown flag, with a suggestion", [...required, "--retian=5"], "Did you mean --retain"],
  ["a missing source", ["--services-configmap=a/b"], "--source"],
  ["a ConfigMap without a namespace", ["--source=dir", "--services-configmap=vips"], "namespace/name"],
  [
    "a ConfigMap with a name that no file can have",
    ["--source=dir", `--services-configmap=a/${"b".repeat(251)}`],
    "250",
  ],
  ["a ConfigMap with two", ["--source=dir", "--services-configmap=a/b/c"], "namespace/name"],
  ["no generation to keep", [...required, "--retain=0"], "1 to 100"],
  ["a count in words", [...required, "--retain=five"], "1 to 100"],
  ["a word too many", [...required, "more"], "too many arguments"],
] as const) {
  test(`readSettings() refuses ${what}`, async () => {
    const { status, stderr } = await sync(words)
    assert.is(status, 2)
    assert.ok(stderr.includes(said), stderr)
  })
}

test("readSettings() shows help with examples", async () => {
  const { status, stdout } = await sync(["--help"])
  assert.is(status, 0)
  assert.match(stdout, "Examples:")
})

test("readSettings() tells the version, with no other flag", async () => {
  const { status, stdout } = await sync(["--version"])
  assert.is(status, 0)
  assert.is(stdout, `${packageVersion()}\n`)
})

const lists: readonly [words: readonly string[], variable: string | undefined, names: readonly string[] | null][] = [
  [["--services-configmap=a/b"], undefined, ["a/b"]],
  [["--services-configmap=b/b", "--services-configmap=a/a"], undefined, ["b/b", "a/a"]],
  [["--services-configmap=b/b,a/a"], undefined, ["b/b", "a/a"]],
  [[], "b/b,a/a", ["b/b", "a/a"]],
  [[], " b/b  a/a ", ["b/b", "a/a"]],
  [["--services-configmap=c/c"], "b/b", ["c/c"]],
  [["--services-configmap=a/b", "--services-configmap=a/b"], undefined, null],
  [[], "a/b,a/b", null],
  [["--services-configmap=a/b,c"], undefined, null],
  [["--services-configmap="], undefined, null],
]
for (const [words, variable, names] of lists)
  test(`readSettings() reads ${words.join(" ")} with KKV_SERVICES_CONFIGMAP=${variable ?? "(absent)"}`, () => {
    if (variable !== undefined) process.env["KKV_SERVICES_CONFIGMAP"] = variable
    try {
      const reading = readSettings(["--source=dir", ...words])
      assert.equal(reading.kind === "settings" ? reading.settings.servicesConfigmaps : null, names)
    } finally {
      delete process.env["KKV_SERVICES_CONFIGMAP"]
    }
  })

test.run()
