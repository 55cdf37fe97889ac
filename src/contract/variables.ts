/** Prefix of the names of our environment variables. */
export const VARIABLE_PREFIX = "KKV_"

/** Flags of all programs that a variable can set: a variable that one program does not know can be for another one. A test compares this list with the help texts. */
const FLAGS = [
  ...["ADVERT_INTERVAL", "APISERVER_HOST", "APPLIED", "ARCHIVE_COUNT", "ARCHIVE_MIB", "ASK_LAN", "CHECK", "DESIRED"],
  ...["DRAIN_TIME", "DRIFT_INTERVAL", "GUARD_PERCENT", "GUARD_TIME", "HTTP_ADDRESS", "HTTP_PORT", "IFACE"],
  ...["KEEPALIVED", "KUBECONFIG", "LAYOUT", "LOG_LEVEL", "METRICS_PER_VIP", "NODE", "NODE_PROBE_PORT", "NODE_SELECTOR"],
  ...["NOTIFY", "NOTIFY_TIME", "PEER_NETWORK", "PERSISTENCE_TIMEOUT", "PROFILE", "RELEASE_VIPS", "REPORT", "RETAIN"],
  ...["RUN_DIR", "SCHEDULER", "SERVICE", "SERVICES_CONFIGMAP", "SNAT", "SOAK"],
  ...["SOURCE", "STATE", "USE_UNICAST", "VIP_RANGES", "VRID", "VRRP_VERSION", "WATCH_NAMESPACE"],
]

/** Variables that manifests use for other variables, that the image's scripts read, and that the tests set. */
const AROUND = [
  ...["HOST_IP", "WITHOUT_IPVS", "AGAIN", "CLUSTER_BIN", "REQUIRE_CLUSTER", "KEEPALIVED_CACHE", "KEEPALIVED_SUITE"],
  ...["IMAGE_CACHE", "IMAGES", "TEST_SECRET"],
]

/** All our variables. */
export const VARIABLES: readonly string[] = [...FLAGS, ...AROUND].map((name) => `${VARIABLE_PREFIX}${name}`)
