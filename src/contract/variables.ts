/** What the name of each variable in the environment that is ours begins with. */
export const VARIABLE_PREFIX = "KKV_"

/** Flags of the programs that a variable may give: all that one of them does not know may be for another one. A test compares them with the help texts. */
const FLAGS = [
  ...["ADVERT_INTERVAL", "APISERVER_HOST", "APPLIED", "ARCHIVE_COUNT", "ARCHIVE_MIB", "ASK_LAN", "CHECK", "DESIRED"],
  ...["DRAIN_TIME", "DRIFT_INTERVAL", "GUARD_PERCENT", "GUARD_TIME", "HTTP_ADDRESS", "HTTP_PORT", "IFACE"],
  ...["KEEPALIVED", "KUBECONFIG", "LOG_LEVEL", "NODE", "NODE_PROBE_PORT", "NODE_SELECTOR", "PEER_NETWORK"],
  ...[
    "PERSISTENCE_TIMEOUT",
    "RELEASE_VIPS",
    "REPORT",
    "RETAIN",
    "RUN_DIR",
    "SCHEDULER",
    "SERVICE",
    "SERVICES_CONFIGMAP",
    "SNAT",
    "SOAK",
  ],
  ...["SOURCE", "STATE", "USE_UNICAST", "VIP_RANGES", "VRID", "VRRP_VERSION", "WATCH_NAMESPACE"],
]

/** What manifests make other variables of, what the image's scripts read, and what the tests set. */
const AROUND = [
  ...["HOST_IP", "WITHOUT_IPVS", "AGAIN", "CLUSTER_BIN", "REQUIRE_CLUSTER", "KEEPALIVED_CACHE", "KEEPALIVED_SUITE"],
  ...["IMAGE_CACHE", "IMAGES", "TEST_SECRET"],
]

/** All variables of ours. */
export const VARIABLES: readonly string[] = [...FLAGS, ...AROUND].map((name) => `${VARIABLE_PREFIX}${name}`)
