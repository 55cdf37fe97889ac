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
    return [`## ${name}`, "", "| # | fault | expected | proven in |", "| --- | --- | --- | --- |", ...lines, ""].join(
      "\n",
    )
  })
  return [HEAD, ...tables].join("\n")
}

const HEAD = `# The fault matrix

This page lists faults, what is expected after each, and the test that proves it. \`make golden\` writes this file from \`test/faults/matrix.ts\` and from the
labels in the tests' names (\`(fault 17)\`); \`make check\` compares. Some numbers are not in use.

\`\`\`sh
make test-faults                           # each row, one line: passed, failed, or not run with the reason
make test-faults ROWS=17,20-22             # some
make test-faults FLAGS="--only unit"       # neither root nor the lab; --only may be given more than once: unit, real, lab, cluster
\`\`\`

*unit* needs nothing but Node.js, *real* the real keepalived in a network namespace (root), *lab* the guest kernel with IPVS and VRRP, *cluster* a
real API server. A fake is called one in the test's name.

**How a crash is made.** Every step of publishing (P1 to P7) and of applying (A1 to A10, and those of the rollback) is a named point:
\`test/faults/points.ts\` says which call of Node.js it is, on which path. \`test/faults/preload.ts\`, loaded before the shipped bundle by
\`node --import\`, wraps these calls, and at the point that a test names it kills the process with SIGKILL, stops it, leaves a short file, or has the call fail.
The bundle has nothing of it. A test uses every point once: a point that is never reached, for example after a rename in \`src/\`, is a failure.

The 1,000 random points run in one process, because a thousand processes would take half an hour. At a random call, that call and all later ones
of the agent fail, so that the disk stays as a kill would leave it, and the next agent starts from that disk.
Its keepalived and kernel are fakes, which live on. In addition, every named point is tried with a real SIGKILL and the real keepalived.

## Torture

\`\`\`sh
make torture                               # 5 minutes of random faults, then the checks: 7 minutes, root
SEED=4711 DURATION=120 make torture        # the same faults again, as the first line of each run says
\`\`\`

Two nodes of the lab, each with sync, the sidecar, the real keepalived and real IPVS, get a request every 20 ms. The whole plan is computed
from the seed before it begins, in four lanes that overlap (\`python3 test/lab/guest/torture.py plan SEED SECONDS\` prints it):

| lane | faults |
| --- | --- |
| keepalived | kill -9, or SIGSTOP for less and for more than three adverts, of the parent, the VRRP child, the checker or all of them; on the master, or on the other node |
| programs | kill -9 and SIGSTOP of the agent and of sync; s6 starts the agent again, the scenario starts sync, as a kubelet would |
| volumes | \`desired/\` or \`applied/\` full; a file cut in half: the pointer, a generation, the live file, journal, ledger, memory, status |
| source | valid changes; broken YAML, NUL, half a manifest, broken entries among good ones, no ConfigMap; outages of 2 to 9 s |

n1's sync reads a directory of manifests, and in its outage the directory is missing. n2's sync lists and watches a FAKE API server of the lab
(\`test/lab/guest/fake-api.ts\`), whose outages are refused connections, silence, and 503 for everything. The cluster bed tests the outages of a real API server,
without torture.

Two nodes survive one failure of keepalived at a time, so the next one waits until both run again, at most 20 s. At the end everything
is repaired, and one more valid change is made. Within 90 s, that generation must be applied on both nodes, one node must have the anchor and
exactly the expected VIPs, both IPVS tables must be exactly what the manifests say, \`kkv status\` must be healthy, and each process must run once, without a zombie or
a half-written file. No request may be lost, or sent a second time, except:

- from 0.3 s before to 0.5 s after the VIP came to a node or left one, and while no node had it;
- between a fault of the master's keepalived and the takeover that follows (the address may stay where no program serves it);
- in the second after a fault of keepalived: a change that was just being applied is rolled back, together with its new real servers.

The time between two answers is never longer than VRRP's own limit, 3 adverts and the skew: 3.04 s and 5 %.

A seed gives the same plan on every machine. But a program is not at the same step in each run when it is killed, so a rare failure may need several runs.
\`BREAK=peer\`, \`stale\` or \`drift\` before \`make torture\` breaks the result, to see the checks fail.

`
