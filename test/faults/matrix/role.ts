import { type Group, row } from "./row.ts"

/** What VRRP and addresses do. */
export const ROLE: readonly Group[] = [
  {
    name: "The role",
    rows: [
      row(250, "a cable is out; the interface is down, or deleted", "FAULT, with what is down; not healthy, not ready"),
      row(251, "keepalived or its VRRP child dies", "the role is unknown until keepalived reports it again"),
      row(252, "keepalived hangs", "the role is unknown, and not healthy"),
      row(253, "a backup hears no master and does not take over", "reported; keepalived is restarted"),
      row(254, "the kernel and keepalived disagree about the role", "reported; not healthy"),
      row(255, "the agent dies, or half a line is left in the history", "role, since and reason are known again"),
      row(256, "two nodes are master, or none is", "TwoMasters, NoMaster; a node that is gone does not count"),
      row(
        290,
        "with the classic layout, one node alone lacks a VIP",
        "it applies nothing, and cannot become a second master",
      ),
      row(
        291,
        "the program of --notify hangs, fails or is missing",
        "ended after its time, and reported; no VIP waits for it",
      ),
    ],
  },
  {
    name: "Addresses",
    rows: [
      row(200, "a Node lists a running VIP, or the anchor, in any spelling", "the VIP, the rank and the peers stay"),
      row(201, "a new entry has the address of a Node", "refused; neither rank nor peers change"),
      row(202, "the agent is restarted while a guard holds", "guards compare with what last ran"),
      row(
        203,
        "no Node is left, or there never was one",
        "rank and peers stay; unicast waits, and never falls back to multicast",
      ),
      row(
        204,
        "unicast on an interface without the Node's address",
        "refused, or the addresses of the annotation are used",
      ),
      row(205, "two interfaces in one subnet; a card appears", "the one that has the address; nothing moves"),
      row(206, "DR to a node that runs the product", "that real server is left out"),
      row(207, "a VIP outside of the subnets, or at the end of one", "announced, with a warning"),
    ],
  },
]
