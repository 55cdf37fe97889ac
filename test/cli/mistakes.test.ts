import { mkdir, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"
import { kkv } from "./support/kkv.ts"

/** Mistakes that people make in a tree of manifests, and what `kkv validate` says of each: the place, the code, and words of the message. */
interface Mistake {
  readonly what: string
  /** Below `data:` of a ConfigMap, from line 7 on; or whole files. */
  readonly data?: string
  readonly files?: Readonly<Record<string, string>>
  readonly says: readonly RegExp[]
}

const HEAD = `apiVersion: v1
kind: ConfigMap
metadata:
  name: vips
  namespace: default
`
const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: echo, namespace: default}
spec: {clusterIP: 10.96.0.7, ports: [{port: 80}]}
`

const mistakes: readonly Mistake[] = [
  {
    what: "key and value swapped",
    data: "  default/echo: 10.4.0.50",
    says: [
      /^v\.yaml:7:3: BAD_ADDRESS: Cannot announce "default\/echo": key and value are swapped: .*expected 10\.4\.0\.50: default\/echo\)$/,
    ],
  },
  {
    what: "entries that are not indented below data",
    files: { "v.yaml": `${HEAD}data:\n10.4.0.50: default/echo\n10.4.0.51: ""\n` },
    says: [
      /^v\.yaml:7:\d+: OBJECT_SHAPE: Cannot read ConfigMap default\/vips: "10\.4\.0\.50" is beside "data" \(expected it below "data", indented by two spaces\)$/,
      /^v\.yaml:8:\d+: OBJECT_SHAPE: .*"10\.4\.0\.51" is beside "data"/,
    ],
  },
  {
    what: "a line of dashes between a ConfigMap and its data",
    files: { "v.yaml": `${HEAD}---\ndata:\n  10.4.0.50: default/echo\n` },
    says: [
      /^v\.yaml:7:1: OBJECT_SHAPE: Cannot read the document: it has entries of VIPs and no kind \(expected entries below "data" of the ConfigMap; remove the "---" before it if it is a mistake\)$/,
    ],
  },
  {
    what: "dots between entries",
    files: { "v.yaml": `${HEAD}data:\n  10.4.0.50: ""\n...\n10.4.0.51: ""\n` },
    says: [/^v\.yaml:9:1: OBJECT_SHAPE: .*it has entries of VIPs and no kind/],
  },
  {
    what: "entries and nothing else",
    files: { "v.yaml": "10.4.0.50: default/echo\n" },
    says: [/^v\.yaml:1:1: OBJECT_SHAPE: .*it has entries of VIPs and no kind/],
  },
  {
    what: "no kind",
    files: { "v.yaml": `${HEAD}data: {10.4.0.50: ""}\n---\n${SERVICE.replace("kind: Service\n", "")}` },
    says: [/^v\.yaml:8:1: OBJECT_SHAPE: .*it has no kind \(expected kind: ConfigMap, Service or another kind\)$/],
  },
  {
    what: "no kind in a List",
    files: { "v.yaml": `kind: List\nitems:\n- apiVersion: v1\n  metadata: {name: vips}\n  data: {10.4.0.50: ""}\n` },
    says: [/^v\.yaml:3:3: OBJECT_SHAPE: .*it has entries of VIPs and no kind/],
  },
  {
    what: "a list of objects in JSON",
    files: {
      "v.json": `[{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "vips"}, "data": {"10.4.0.50": ""}}]`,
    },
    says: [/^v\.json:1:1: OBJECT_SHAPE: .*it is a list of objects \(expected "---" between two objects, or kind: List/],
  },
  {
    what: "item for items",
    files: { "v.yaml": `kind: List\nitem:\n- kind: ConfigMap\n` },
    says: [
      /^v\.yaml:1:1: OBJECT_SHAPE: Cannot read the List: it has no items \(expected a list of objects below "items"\)$/,
    ],
  },
  {
    what: "a mapping as items",
    files: { "v.yaml": `kind: ServiceList\napiVersion: v1\nitems:\n  kind: Service\n` },
    says: [/^v\.yaml:3:1: OBJECT_SHAPE: Cannot read the ServiceList: its items are not a list/],
  },
  {
    what: "objects of JSON, a line each",
    files: { "v.json": `{"kind": "ConfigMap", "apiVersion": "v1"}\n{"kind": "Service", "apiVersion": "v1"}\n` },
    says: [/^v\.json:2:1: YAML_SYNTAX: .*a second object starts here \(expected "---" on a separate line before it\)$/],
  },
  {
    what: "an entry of Jsonnet",
    data: '  ["10.4.0.50"]: default/echo',
    says: [/^v\.yaml:7:3: YAML_SYNTAX: Cannot read the YAML: a key is a list or a mapping \(expected text\)$/],
  },
  {
    what: "an entry below binaryData, beside data",
    files: { "v.yaml": `${HEAD}data: {10.4.0.50: ""}\nbinaryData:\n  10.4.0.51: ZGVmYXVsdC9lY2hv\n` },
    says: [/^v\.yaml:8:3: CONFIGMAP_VALUE: .*10\.4\.0\.51: it is below binaryData \(expected text below data\)$/],
  },
  {
    what: "a list as data",
    data: "  - 10.4.0.50: default/echo",
    says: [/^v\.yaml:7:3: OBJECT_SHAPE: .*: data is a list, not a mapping of addresses to Services/],
  },
  {
    what: "a mapping as the ports of a Service",
    files: { "v.yaml": `${HEAD}data: {}\n---\n${SERVICE.replace("[{port: 80}]", "{port: 80}")}` },
    says: [/OBJECT_SHAPE: Cannot read Service default\/echo: spec\.ports is a mapping \(expected a list\)$/],
  },
  {
    what: "variables of envsubst, as Flux replaces them",
    data: "  ${VIP}: default/echo\n  10.4.0.51: ${NAMESPACE}/echo",
    says: [
      /^v\.yaml:7:3: BAD_ADDRESS: .*it looks like a template; render it first/,
      /^v\.yaml:8:3: BAD_TARGET: .*it looks like a template; render it first/,
    ],
  },
  {
    what: "datas for data",
    files: { "v.yaml": `${HEAD}datas:\n  10.4.0.50: default/echo\n` },
    says: [/^v\.yaml:6:1: OBJECT_SHAPE: .*a ConfigMap does not have the field "datas"; did you mean "data"\?$/],
  },
  {
    what: "Data for data",
    files: { "v.yaml": `${HEAD}Data:\n  10.4.0.50: default/echo\n` },
    says: [/a ConfigMap does not have the field "Data"; did you mean "data"\?$/],
  },
  {
    what: "stringData for data",
    files: { "v.yaml": `${HEAD}stringData:\n  10.4.0.50: default/echo\n` },
    says: [/a ConfigMap does not have the field "stringData"; did you mean "data"\?$/],
  },
  {
    what: "spec for data",
    files: { "v.yaml": `${HEAD}spec:\n  10.4.0.50: default/echo\n` },
    says: [/a ConfigMap does not have the field "spec"$/],
  },
  {
    what: "data below metadata",
    files: { "v.yaml": `${HEAD}  data:\n    10.4.0.50: default/echo\n` },
    says: [/^v\.yaml:\d+:\d+: OBJECT_SHAPE: .*"data" is inside "metadata"/],
  },
  { what: "a URL as value", data: "  10.4.0.50: https://echo.default/", says: [/BAD_TARGET: .*it is a URL/] },
  {
    what: "an entry inside an entry",
    data: '  10.4.0.50: "10.4.0.50: default/echo"',
    says: [/BAD_TARGET: .*it is an entry inside an entry/],
  },
  {
    what: "a YAML list of one as value",
    data: "  10.4.0.50:\n    - default/echo",
    says: [/^v\.yaml:7:3: CONFIGMAP_VALUE: .*it is a YAML list \(expected text: default\/echo\)$/],
  },
  {
    what: "a YAML list of several as value",
    data: "  10.4.0.50:\n    - default/echo\n    - default/mail",
    says: [
      /CONFIGMAP_VALUE: .*it is a YAML list \(expected text: "\|" after the colon, and below it one .*, without "- "\)$/,
    ],
  },
  {
    what: "list items in a block of lines",
    data: "  10.4.0.50: |\n    - default/echo",
    says: [/^v\.yaml:8:5: BAD_TARGET: .*like an item of a YAML list/],
  },
  {
    what: "a YAML mapping as value",
    data: "  10.4.0.50:\n    service: default/echo",
    says: [/CONFIGMAP_VALUE: .*it is a YAML mapping \(expected text: namespace\/service\[:NAT\|:DR\]\)$/],
  },
  {
    what: "a space behind the second colon, on the next line",
    data: "  10.4.0.50:\n    default/echo: NAT",
    says: [
      /CONFIGMAP_VALUE: .*it is a YAML mapping \(expected text: default\/echo:NAT, without a space beside the colon\)$/,
    ],
  },
  {
    what: "a space behind the second colon",
    data: "  10.4.0.50: default/echo: NAT",
    says: [
      /^v\.yaml:7:\d+: YAML_SYNTAX: .*there is a space beside the second colon \(expected 10\.4\.0\.50: default\/echo:NAT\)$/,
    ],
  },
  {
    what: "a space behind the second colon, in a block of lines",
    data: "  10.4.0.50: |\n    default/echo: NAT",
    says: [/^v\.yaml:8:5: BAD_TARGET: .*it has a space beside the colon \(expected default\/echo:NAT\)$/],
  },
  {
    what: "a port by number",
    data: "  10.4.0.50: default/echo:80",
    says: [/BAD_FORWARDING_METHOD: .*only NAT or DR can follow the colon, not a port; .*\(expected default\/echo\)$/],
  },
  {
    what: "a port by name",
    data: "  10.4.0.50: default/echo:http",
    says: [/BAD_FORWARDING_METHOD: .*only NAT or DR can follow the colon, not a port/],
  },
  {
    what: "a port and a method",
    data: "  10.4.0.50: default/echo:80:NAT",
    says: [/BAD_FORWARDING_METHOD: .*only NAT or DR can follow the colon, not a port/],
  },
  {
    what: "an unknown method",
    data: "  10.4.0.50: default/echo:NATX",
    says: [/BAD_FORWARDING_METHOD: Cannot forward with "NATX": it is not a forwarding method \(expected NAT or DR\)$/],
  },
  {
    what: "a space before the method",
    data: "  10.4.0.50: default/echo NAT",
    says: [/BAD_TARGET: .*a space separates the forwarding method \(expected default\/echo:NAT\)$/],
  },
  {
    what: "an IPv6 address",
    data: '  "fd04::50": default/echo',
    says: [
      /BAD_ADDRESS: Cannot announce "fd04::50": it is an IPv6 address, and this release announces IPv4 addresses only$/,
    ],
  },
  {
    what: "an IPv6 address with a prefix",
    data: '  "fd04::50/64": default/echo',
    says: [/BAD_ADDRESS: .*it is an IPv6 address/],
  },
  ...[", ", ";", " ", " , "].map((mark) => ({
    what: `several Services on one line, with ${JSON.stringify(mark)} between`,
    data: `  10.4.0.50: "default/echo${mark}default/mail:NAT"`,
    says: [/BAD_TARGET: .*it names several Services on one line/],
  })),
  {
    what: "several Services in a folded value",
    data: "  10.4.0.50: >\n    default/echo:NAT\n    default/mail",
    says: [/^v\.yaml:7:3: BAD_TARGET: .*it names several Services on one line/],
  },
  {
    what: "no space after the colon of the only entry",
    data: "  10.4.0.50:default/echo",
    says: [
      /^v\.yaml:\d+:\d+: OBJECT_SHAPE: .*a space is missing after the colon \(expected 10\.4\.0\.50: default\/echo\)$/,
    ],
  },
  {
    what: "no space after the colon of one of two entries",
    data: '  10.4.0.51: ""\n  10.4.0.50:default/echo',
    says: [
      /^v\.yaml:8:\d+: YAML_SYNTAX: .*a space is missing after the colon \(expected 10\.4\.0\.50: default\/echo\)$/,
    ],
  },
  {
    what: "a host name as key",
    data: "  vip.example.org: default/echo",
    says: [/BAD_ADDRESS: .*it is a host name, and host names are not resolved/],
  },
  { what: "a range as key", data: "  10.4.0.50-10.4.0.60: default/echo", says: [/BAD_ADDRESS: .*it is a range/] },
  {
    what: "two addresses as key",
    data: '  "10.4.0.50, 10.4.0.51": default/echo',
    says: [/BAD_ADDRESS: .*it has several addresses/],
  },
  {
    what: "an address with its port as key",
    data: '  "10.4.0.50:80": default/echo',
    says: [/BAD_ADDRESS: .*it has a port; write only 10\.4\.0\.50:/],
  },
  {
    what: "an address with its prefix as key",
    data: "  10.4.0.50/24: default/echo",
    says: [/BAD_ADDRESS: .*it has a prefix length; write only 10\.4\.0\.50:/],
  },
  {
    what: "an address with an interface as key",
    data: "  10.4.0.50@eth1: default/echo",
    says: [/BAD_ADDRESS: .*it names an interface; write only 10\.4\.0\.50:/],
  },
  { what: "a URL as key", data: '  "https://10.4.0.50": default/echo', says: [/BAD_ADDRESS: .*it is a URL/] },
  {
    what: "a number above 255",
    data: "  10.4.0.999: default/echo",
    says: [/BAD_ADDRESS: Cannot announce "10\.4\.0\.999": 999 is larger than 255 /],
  },
  {
    what: "a cut address",
    data: "  10.4.0: default/echo",
    says: [/BAD_ADDRESS: .*is not a valid IPv4 address \(expected/],
  },
  {
    what: "a Service in kubectl's words",
    data: "  10.4.0.50: service/echo",
    says: [/SERVICE_NOT_FOUND: .*in the namespace "service" \(expected namespace\/service\)/],
  },
  {
    what: "a DNS name",
    data: "  10.4.0.50: echo.default.svc.cluster.local",
    says: [/BAD_TARGET: .*it is a DNS name \(expected default\/echo\)$/],
  },
  {
    what: "a template in a value",
    data: '  10.4.0.50: "{{ .Values.service }}"',
    says: [/BAD_TARGET: .*it looks like a template; render it first/],
  },
  {
    what: "a name in capitals",
    data: "  10.4.0.50: Default/echo",
    says: [/BAD_TARGET: .*"Default" is not a valid Kubernetes name/],
  },
  {
    what: "no slash",
    data: "  10.4.0.50: echo",
    says: [/BAD_TARGET: .*it has no slash \(expected namespace\/service/],
  },
  {
    what: "a kind in other capitals",
    files: { "v.yaml": `${HEAD.replace("ConfigMap", "Configmap")}data:\n  10.4.0.50: default/echo\n` },
    says: [/^v\.yaml:2:\d+: OBJECT_SHAPE: Cannot read an object of kind "Configmap": did you mean "ConfigMap"\?$/],
  },
  {
    what: "a kind in the plural",
    files: { "v.yaml": `${HEAD.replace("ConfigMap", "configmaps")}data:\n  10.4.0.50: default/echo\n` },
    says: [/OBJECT_SHAPE: .*did you mean "ConfigMap"\?$/],
  },
  {
    what: "a wrong apiVersion",
    files: { "v.yaml": `${HEAD.replace("v1", "apps/v1")}data:\n  10.4.0.50: default/echo\n` },
    says: [/^v\.yaml:1:\d+: OBJECT_SHAPE: Cannot read the ConfigMap: its apiVersion is "apps\/v1" \(expected "v1"\)$/],
  },
  {
    what: "two ConfigMaps with addresses",
    files: {
      "a.yaml": `${HEAD}data:\n  10.4.0.50: default/echo\n`,
      "b/c.yaml": `# second\n${HEAD.replace("vips", "more")}data:\n  10.4.0.51: default/echo\n`,
    },
    says: [
      /^b\/c\.yaml:2:1: CONFIGMAP_AMBIGUOUS: .*"default\/more" \(b\/c\.yaml:2:1\), "default\/vips" \(a\.yaml:1:1\); name one, or each with a flag of its own, with --services-configmap/,
    ],
  },
  {
    what: "a Helm template",
    files: {
      "v.yaml": `${HEAD}data:\n  10.4.0.50: default/echo\n`,
      "chart/templates/service.yaml":
        'apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}\n  labels: {{- include "x" . | nindent 4 }}\nspec:\n  ports:\n  {{- range .Values.ports }}\n  - port: {{ . }}\n  {{- end }}\n',
    },
    says: [
      /^chart\/templates\/service\.yaml:4:9: YAML_SYNTAX: Cannot read the file: it looks like a template \("\{\{"\); render it first/,
    ],
  },
  {
    what: "a patch of kustomize beside its base",
    files: {
      "base/v.yaml": `${HEAD}data:\n  10.4.0.50: default/echo\n`,
      "overlay/patch.yaml": `${HEAD}data:\n  10.4.0.51: default/echo\n`,
    },
    says: [
      /^overlay\/patch\.yaml:1:1: OBJECT_DUPLICATE: .*build overlays first \(kustomize build DIR \| kkv validate -\)$/,
    ],
  },
]
for (const { what, data, files, says } of mistakes)
  test(`kkv validate says what is wrong: ${what}`, () =>
    withTemporaryDirectory(async (directory) => {
      const tree = {
        "service.yaml": SERVICE,
        ...(data !== undefined && { "v.yaml": `${HEAD}data:\n${data}\n` }),
        ...files,
      }
      for (const [name, text] of Object.entries(tree)) {
        await mkdir(dirname(join(directory, name)), { recursive: true })
        await writeFile(join(directory, name), text)
      }
      const { status, out: stdout } = await kkv(["validate", directory])
      const lines = stdout
        .replaceAll(`${directory}/`, "")
        .trimEnd()
        .split("\n")
        .slice(0, -1)
        .filter((line) => !line.startsWith("note: "))
      assert.is(status, 1, stdout)
      assert.is(lines.length, says.length, `one problem for each mistake:\n${stdout}`)
      for (const [at, pattern] of says.entries()) assert.match(lines[at] ?? "", pattern)
    }))

test.run()
