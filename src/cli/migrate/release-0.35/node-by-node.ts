import { isPlainMap, listBelow, mapBelow, type PlainMap } from "../documents.ts"
import type { Placement } from "../target.ts"

/** The label of a node that may run this product (manifests/overlays/labelled-nodes). */
export const NODE_LABEL = "kube-keepalived-vip.io/node"

const HAS_LABEL = { key: NODE_LABEL, operator: "Exists" }
const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"

/**
 * The same nodes, but only those with the label: they change one by one, and none runs both releases. By affinity, because the
 * nodeSelector also says which nodes are peers: those of both releases.
 */
export function nodeByNode(placement: Placement): Placement {
  const affinity = placement.affinity ?? {}
  const nodeAffinity = mapBelow(affinity, "nodeAffinity")
  const terms = listBelow(mapBelow(nodeAffinity, REQUIRED), "nodeSelectorTerms").filter(isPlainMap)
  const nodeSelectorTerms = terms.length === 0 ? [withLabel({})] : terms.map(withLabel)
  return {
    ...placement,
    affinity: { ...affinity, nodeAffinity: { ...nodeAffinity, [REQUIRED]: { nodeSelectorTerms } } },
  }
}

function withLabel(term: PlainMap): PlainMap {
  return { ...term, matchExpressions: [...listBelow(term, "matchExpressions"), HAS_LABEL] }
}
