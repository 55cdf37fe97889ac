import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { PROFILES } from "../src/core/model/profile/profiles.ts"
import { run } from "./support/run.ts"

const root = join(import.meta.dirname, "..")
const path = join(root, "docs/settings.md")

const HEAD = `# Settings

Each flag is also an environment variable: \`--drain-time\` is \`KKV_DRAIN_TIME\`. An unknown variable that begins with \`KKV_\` is refused. This page is
generated from the tables of flags (\`make golden\`).

All nodes of one \`--vrid\` need the same \`--vrrp-version\`, \`--advert-interval\` and \`--layout\`. Nodes of release 0.35 and of this release form one group
only with \`--layout classic\` ([migration](migrate-0.35.md)).
`

/** What each profile gives to flags. */
function profilesText(): string {
  const rows = PROFILES.flatMap(({ name, flags }) =>
    Object.entries(flags).map(([flag, text]) => `| \`${name}\` | \`${flag} ${text}\` |\n`),
  )
  return `
## Profiles

\`--profile\` gives other defaults to some flags. A flag or a variable that is given decides.

| profile | is |
| --- | --- |
${rows.join("")}`
}

async function helpOf(program: string): Promise<string> {
  const { status, stdout } = await run(process.execPath, ["src/kkv.ts", program, "--help"], { directory: root })
  assert.is(status, 0)
  return `\n## kkv ${program}\n\n\`\`\`console\n$ kkv ${program} --help\n${stdout.trimEnd()}\n\`\`\`\n`
}

test("docs/settings.md is what --help says", async () => {
  const text = [HEAD, await helpOf("sync"), await helpOf("sidecar"), profilesText()].join("")
  if (process.env["UPDATE_GOLDEN"] !== undefined) writeFileSync(path, text)
  assert.is(readFileSync(path, "utf8"), text)
})

test.run()
