/**
 * Measures the product on this machine, with Node.js started as `kkv` starts it; all figures of one table come from one run.
 * Usage: node bench/main.ts [pipeline|latency [VIPS...]]    10, 100 and 1000 VIPs of ten endpoints
 *        node bench/main.ts largest [PART...]    the documented maximum under the shipped memory limits; wants root
 *        node bench/main.ts cluster KUBECONFIG [SERVICES...]    an API server that nobody else uses; 500, 5000 and 20000 Services
 * Compare ratios, not milliseconds: machines differ, and this one may be busy.
 */
import { benchCluster } from "./cluster.ts"
import { asShipped } from "./launcher.ts"
import { benchLargest } from "./largest.ts"
import { benchLatency } from "./latency.ts"
import { benchPipeline } from "./pipeline.ts"

const [wanted, ...words] = process.argv.slice(2)
// That one starts what it measures by itself, and is stopped by a signal.
const status = wanted === "largest" ? null : asShipped()
if (status !== null) process.exit(status)
if (wanted === undefined || wanted === "pipeline") {
  console.log(
    "Stages of one pass of the sidecar, median milliseconds; keepalived's own config test beside them as the unit:\n",
  )
  console.log(await benchPipeline())
}
if (wanted === undefined || wanted === "latency") {
  console.log("\nFrom the change of a manifest to the SIGHUP, sync, sidecar and the real config test included:")
  console.log(
    "(idle: a change every 1.5 s, at 1,000 VIPs every 6 s; burst: 100 changes in 4.4 s, medians of five; volumes in memory, as in a pod; keepalived itself and the kernel are fakes here, because this kernel may have no IPVS)\n",
  )
  console.log(await benchLatency(words.map(Number)))
}
if (wanted === "largest") await benchLargest(words)
if (wanted === "cluster") {
  const [kubeconfig, ...sizes] = words
  if (kubeconfig === undefined) throw new Error("Cannot measure: name the kubeconfig of an API server")
  console.log(
    "From a change in a real Kubernetes API to the SIGHUP; then what sync costs, mirroring 100 named Services:\n",
  )
  await benchCluster(kubeconfig, sizes.map(Number))
}
