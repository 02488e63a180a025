/** Whose a gateway's certificate is. */
import type { PeerCertificate } from "node:tls";

export type NamedCertificate = Pick<PeerCertificate, "subject" | "subjectaltname">;

/** The common name; undefined where there is none, or several. */
export function commonName({ subject }: { readonly subject?: { readonly CN?: unknown } }): string | undefined {
  return typeof subject?.CN === "string" ? subject.CN : undefined;
}

/**
 * All that a certificate calls its holder: its common name, its DNS names and its URIs, each as it stands. A gateway is
 * meant where one of them is its id and nothing besides: no wildcard, no part of a longer name.
 */
export function namesIn({ subject, subjectaltname = "" }: Partial<NamedCertificate>): readonly string[] {
  // Where a name holds what could pass for another entry, Node.js writes it in quotes: such a one is no gateway's id.
  const alternative = subjectaltname.split(", ").map((entry) => /^(?:DNS|URI):([^"]+)$/.exec(entry)?.[1]);
  const common = commonName({ ...(subject !== undefined && { subject }) });
  return [common, ...alternative].filter((name) => name !== undefined);
}
