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

## Torture

\`\`\`sh
make torture                               # 5 minutes of faults by chance, then the judgement: 7 minutes, root
SEED=4711 DURATION=120 make torture        # the same faults again, as the first line of each run says
\`\`\`

Two nodes of the lab, each with sync, the sidecar, the real keepalived and real IPVS, are under a request every 20 ms. The whole plan is drawn
from the seed before it begins, in four lanes that overlap (\`python3 test/lab/guest/torture.py plan SEED SECONDS\` prints it):

| lane | faults |
| --- | --- |
| keepalived | kill -9, or SIGSTOP for less and for more than three adverts, of the parent, the VRRP child, the checker or all of it; on the node that is master then, or on the other |
| programs | kill -9 and SIGSTOP of the agent and of sync; s6 starts the agent again, the scenario starts sync, as a kubelet would |
| volumes | \`desired/\` or \`applied/\` full; a file cut in half in its place: the pointer, a generation, the live file, journal, ledger, memory, status |
| source | valid changes; broken YAML, NUL, half a manifest, broken entries among good ones, no ConfigMap; outages of 2 to 9 s |

n1's sync reads a directory of manifests, and its outage is that the directory is gone. n2's sync lists and watches a FAKE API server of the lab
(\`test/lab/guest/fake-api.ts\`), whose outages are refused connections, silence, and 503 for everything. What a real API server does in an outage
is proven on the cluster bed, without torture.

A pair of nodes bears one failure of keepalived at a time, so the next one waits until both run whole again, 20 s at most. In the end all
is mended, one valid change more is made, and within 90 s: that generation is applied on both nodes with the same text, one node has the anchor and
exactly the expected VIPs, both IPVS tables are exactly what the manifests say, \`kkv status\` is healthy, each process runs once, and no zombie and
no half written file is left. No request may be lost, or sent a second time, but from 0.3 s before to 0.5 s after the VIP came to a node or left one, while no
node had it, between a fault of the master's keepalived and the takeover that follows it (the address may stay where nothing serves it any more), or in
the second after a fault of keepalived: then a change that was on its way into effect is taken back, and with it the real servers that it had just
brought. And never may more than VRRP's own 3 adverts and skew, 3.04 s and 5 %, pass between two answers.

A seed gives the same plan on every machine; how far a program has come when it is killed differs from run to run, so a rare failure may want several.
\`BREAK=peer\`, \`stale\` or \`drift\` before \`make torture\` breaks what is judged, to see it fail.

`
