import { test } from "uvu"
import * as assert from "uvu/assert"

import { testUnless } from "../support/test-unless.ts"
import { missingPrograms, runProgram } from "./support/programs.ts"
import { CHART, NAMESPACE } from "./support/render.ts"

const testWithHelm = testUnless(missingPrograms("helm"))

/** What Helm prints after an installation with these words. */
async function notes(...words: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runProgram("helm", [
    ...["install", "kube-keepalived-vip", CHART, "--namespace", NAMESPACE, "--dry-run=client", ...words],
  ])
  assert.is(status, 0, stderr)
  return stdout.slice(stdout.indexOf("NOTES:\n") + "NOTES:\n".length)
}

testWithHelm("NOTES.txt has three next commands, the VRID and what must be unique", async () => {
  const text = await notes()
  assert.equal(text.match(/^ {2}kubectl .*$/gm), [
    "  kubectl -n kube-keepalived-vip rollout status daemonset/kube-keepalived-vip",
    `  kubectl -n kube-keepalived-vip patch configmap vip-configmap --type merge -p '{"data": {"10.4.0.50": "default/echoheaders"}}'`,
    "  kubectl -n kube-keepalived-vip get vipreport vip-configmap",
  ])
  assert.match(text, "The virtual router ID (VRID) is 50. It must be unique on the LAN")
  assert.not.match(text, "0.35")
})

testWithHelm("NOTES.txt: with entries, the next commands show them", async () => {
  const text = await notes("--set-string", String.raw`vips.10\.4\.0\.50=default/web`, "--set", "vrid=51")
  assert.equal(text.match(/^ {2}kubectl .*$/gm), [
    "  kubectl -n kube-keepalived-vip rollout status daemonset/kube-keepalived-vip",
    "  kubectl -n kube-keepalived-vip get vipreport vip-configmap",
    "  kubectl -n kube-keepalived-vip describe configmap vip-configmap",
  ])
  assert.match(text, "The virtual router ID (VRID) is 51.")
})

testWithHelm("NOTES.txt says of each key of release 0.35 what became of it", async () => {
  const text = await notes(
    ...["--set", "keepalived.useUnicast=false,keepalived.vrid=179,httpPort=8080,haproxy.enabled=false"],
    ...["--set", "keepalived.name=keepalived,keepalived.image.tag=0.35,keepalived.resources.limits.cpu=1"],
    ...["--set", "rbac.serviceAccountName=default"],
    ...["--set-string", String.raw`keepalived.config.10\.4\.0\.50=default/web`],
  )
  for (const line of [
    "keepalived.config is a key of release 0.35: its entries are in the ConfigMap. Rename it to vips.",
    "keepalived.vrid is a key of release 0.35, and in effect. Rename it to vrid.",
    "keepalived.useUnicast is a key of release 0.35, and in effect. Rename it to unicast.",
    "httpPort is a key of release 0.35, and in effect. Rename it to sidecar.httpPort.",
    "rbac.serviceAccountName is a key of release 0.35. Rename it to serviceAccount.name",
    "keepalived.name is a key of release 0.35. It has no effect.",
    "keepalived.image is a key of release 0.35. It has no effect; see sidecar.image.",
    "keepalived.resources is a key of release 0.35. It has no effect; see sidecar.resources.",
    "haproxy is a key of release 0.35. It has no effect: PROXY protocol is not supported",
    "The virtual router ID (VRID) is 179.",
  ])
    assert.match(text, line)
})

test.run()
