/** The one file that knows the serialport package. */
import type { SerialPort } from "serialport";
import type { LineSettings } from "../../driver/define.ts";
import type { Line } from "./session.ts";

/** An open port. A test fakes it with an object literal. */
export interface Port extends Line {
  /** Resolves once, when the port is no longer open: with the reason, or undefined where we closed it. */
  readonly closed: Promise<Error | undefined>;
  close(): Promise<void>;
}

/** Opens a port; rejects where that fails. `received` is called with what arrives, in order, from the first byte on. */
export type OpenPort = (path: string, line: LineSettings, received: (bytes: Uint8Array) => void) => Promise<Port>;

export const openPort: OpenPort = async (path, line, received) => {
  // 80 ms and 17 MB that a box without a serial device does not pay.
  const { SerialPort } = await import("serialport");
  return open(new SerialPort({ path, ...line, autoOpen: false }), received);
};

function open(port: SerialPort, received: (bytes: Uint8Array) => void): Promise<Port> {
  return new Promise((resolve, reject) => {
    const close = () => new Promise<void>((done) => (port.isOpen ? port.close(() => done()) : done()));
    let lose: (reason: Error) => void = () => undefined;
    const closed = new Promise<Error | undefined>((done) => {
      lose = (reason) => {
        done(reason);
        void close();
      };
      port.once("close", (reason: Error | null | undefined) => done(reason ?? undefined));
      port.on("error", lose);
    });
    const write = (bytes: Uint8Array) =>
      new Promise<void>((done, fail) => {
        // serialport would keep bytes for a port that is closed until it opens again, and never call back.
        const lost = () => fail(new Error("the port was closed"));
        if (!port.isOpen) return lost();
        port.once("close", lost);
        const written = (error: Error | null | undefined) => {
          port.off("close", lost);
          if (error) fail(error);
          else done();
        };
        port.write(bytes, (error) => (error ? written(error) : port.drain(written)));
      });
    port.open((error) => {
      if (error) return reject(error);
      onHangUp(port, lose);
      port.on("data", received);
      resolve({ closed, close, write, pause: () => void port.pause(), resume: () => void port.resume() });
    });
  });
}

/**
 * serialport finds out that a device was unplugged when it next waits for bytes. A read that is under way at that moment
 * gives 0 bytes instead, and is begun again, at full speed and for ever; a paused port is not looked at. The poll that the
 * binding keeps on the same descriptor tells both.
 */
function onHangUp(port: SerialPort, lost: (reason: Error) => void): void {
  const binding = port.port;
  if (binding === undefined || !("poller" in binding)) return;
  binding.poller.once("disconnect", (reason: Error | null) => {
    if (port.isOpen) lost(reason ?? new Error("the device hung up"));
  });
}
