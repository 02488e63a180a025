/** D-Bus address of the system bus, where the environment names another one than the usual socket (tests, containers). */
export function systemBusAddress(): string | undefined {
  return process.env["DBUS_SYSTEM_BUS_ADDRESS"];
}
