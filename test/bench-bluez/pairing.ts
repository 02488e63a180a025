/** How a device is paired: what bluetoothd asks the agent, and what comes of its answers. */
import type { BenchPairing } from "./device-options.ts";
import { Refusal } from "./exporter.ts";

export interface PairingHost {
  /** Asks the agent about this device. @throws where it refuses */
  readonly ask: (member: string, signature: string, ...more: unknown[]) => Promise<unknown[]>;
  readonly whenCancelled: Promise<void>;
}

/** Resolves when both sides trust each other. @throws Refusal, as bluetoothd names it */
export async function pairAs(
  pairing: Exclude<BenchPairing, { error: string }>,
  { ask, whenCancelled }: PairingHost,
): Promise<void> {
  const failed = new Refusal("org.bluez.Error.AuthenticationFailed", "Authentication Failed");
  const answered = (...question: Parameters<typeof ask>) => ask(...question).catch(() => Promise.reject(failed));
  switch (pairing.method) {
    case "just-works":
      return;
    case "typed-here":
      await answered("DisplayPasskey", "ouq", pairing.passkey, 0);
      await answered("DisplayPasskey", "ouq", pairing.passkey, 6);
      return;
    case "shown-here":
      if ((await answered("RequestPasskey", "o"))[0] !== pairing.passkey) throw failed;
      return;
    case "comparison":
      await answered("RequestConfirmation", "ou", pairing.passkey);
      return;
    case "silent":
      return whenCancelled;
  }
}
