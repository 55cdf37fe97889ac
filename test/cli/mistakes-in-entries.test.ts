import { test } from "uvu"
import { testMistakes } from "./support/mistakes.ts"

testMistakes([
  {
    what: "key and value swapped",
    data: "  default/echo: 10.4.0.50",
    says: [
      /^v\.yaml:7:3: BAD_ADDRESS: Cannot announce "default\/echo": key and value are swapped: .*expected 10\.4\.0\.50: default\/echo\)$/,
    ],
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
])

test.run()
