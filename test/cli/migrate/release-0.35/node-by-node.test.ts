import { test } from "uvu"
import * as assert from "uvu/assert"

import { nodeByNode } from "../../../../src/cli/migrate/release-0.35/node-by-node.ts"
import { NO_PLACEMENT } from "../../../../src/cli/migrate/target.ts"

const label = { key: "kube-keepalived-vip.io/node", operator: "Exists" }
const required = (...nodeSelectorTerms: readonly object[]) => ({
  requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms },
})

test("nodeByNode() keeps the nodeSelector, and demands the label", () => {
  const placement = { ...NO_PLACEMENT, nodeSelector: { type: "worker" } }
  assert.equal(nodeByNode(placement), {
    ...placement,
    affinity: { nodeAffinity: required({ matchExpressions: [label] }) },
  })
})

test("nodeByNode() demands the label in each term, because one of them is enough for the scheduler", () => {
  const zone = (value: string) => ({ key: "zone", operator: "In", values: [value] })
  const preferred = { preferredDuringSchedulingIgnoredDuringExecution: [] }
  const terms = [{ matchExpressions: [zone("a")] }, { matchFields: [] }]
  const affinity = { podAffinity: {}, nodeAffinity: { ...preferred, ...required(...terms) } }
  assert.equal(nodeByNode({ ...NO_PLACEMENT, affinity }).affinity, {
    podAffinity: {},
    nodeAffinity: {
      ...preferred,
      ...required({ matchExpressions: [zone("a"), label] }, { matchFields: [], matchExpressions: [label] }),
    },
  })
})

test.run()
