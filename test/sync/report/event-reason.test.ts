import { test } from "uvu"
import * as assert from "uvu/assert"

import { reasonOf } from "../../../src/sync/report/event-reason.ts"

const cases = [
  ["BAD_ADDRESS", "BadAddress"],
  ["DRIFT", "Drift"],
  ["VIP_IS_CLUSTER_IP", "VIPIsClusterIP"],
  ["KUBE_PROXY_IPVS", "KubeProxyIPVS"],
  ["TOO_MANY_VIPS", "TooManyVIPs"],
  ["CONFIGMAP_VALUE", "ConfigMapValue"],
  ["SOURCE_NOT_UTF8", "SourceNotUTF8"],
  ["DR_TO_NODE", "DRToNode"],
] as const

for (const [code, reason] of cases) {
  test(`reasonOf() writes ${code} as ${reason}`, () => {
    assert.is(reasonOf(code), reason)
  })
}

test.run()
