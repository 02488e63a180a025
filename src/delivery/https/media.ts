/** What the sealed feed calls its bodies over HTTP: RFC 9052 §11.2's type for a receipt, and the same for what it answers. */
export const COSE = "application/cose";
