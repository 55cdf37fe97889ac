import { labelledFiles } from "./labels.ts"
import { MATRIX } from "./matrix.ts"

/** docs/faults.md: the matrix, and where each row is proven. */
export function faultsDoc(): string {
  const files = labelledFiles()
  const tables = MATRIX.map(({ name, rows }) => {
    const lines = rows.map(({ number, fault, expected, notHere }) => {
      const where = files
        .filter((file) => file.rows.includes(number))
        .map(({ path, bed }) => `[${path.replace(/^test\//, "")}](../${path})${bed === "unit" ? "" : ` (${bed})`}`)
      return `| ${number} | ${fault} | ${expected} | ${where.join(", ") || (notHere ?? "no test yet")} |`
    })
    return [
      `## ${name}`,
      "",
      "| # | fault | what must come of it | proven in |",
      "| --- | --- | --- | --- |",
      ...lines,
      "",
    ].join("\n")
  })
  return [HEAD, ...tables].join("\n")
}

const HEAD = `# The fault matrix

What can break, what must come of it, and which test proves it. \`make golden\` writes this file from \`test/faults/matrix.ts\` and from the
labels in the tests' names (\`(fault 17)\`); \`make check\` compares. Some numbers are not in use.

\`\`\`sh
make test-faults                           # each row, one line: passed, failed, or not run with the reason
make test-faults ROWS=17,20-22             # some
make test-faults FLAGS="--only unit"       # neither root nor the lab; --only may be given more than once: unit, real, lab, cluster
\`\`\`

*unit* needs nothing but Node.js, *real* the real keepalived in a network namespace (root), *lab* the guest kernel with IPVS and VRRP, *cluster* a
real API server. A fake is called one in the test's name.

**How a crash is made.** Every step of publishing (P1 to P7) and of applying (A1 to A10, and those of going back) is a named point:
\`test/faults/points.ts\` says which call of Node.js it is, on which path. \`test/faults/preload.ts\`, loaded before the shipped bundle by
\`node --import\`, wraps these calls, and at the point that a test names it kills the process with SIGKILL, stops it, leaves a short file, or has the call fail.
Nothing of it is in the bundle. A test asks for every point once: one that is never reached, as after a rename in \`src/\`, is a failure.

The 1,000 random points are thrown in one process, since starting a thousand would take half an hour: at the n-th call, drawn by chance,
the call and all later ones of that agent fail, so that the disk stays as a kill would leave it, and the next agent is made from nothing else.
Its keepalived and kernel are fakes, which outlive it. Every named point is tried with a real SIGKILL and the real keepalived besides.

`
