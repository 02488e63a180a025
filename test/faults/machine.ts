/** What of this machine the fault tests need, asked once: a test without its tool is skipped by name. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";

const runs = (command: string, ...args: readonly string[]) =>
  spawnSync(command, args, { stdio: "ignore" }).status === 0;

export const compiler = ["cc", "gcc", "clang"].find((command) => runs(command, "--version"));
export const hasCompiler = compiler !== undefined && process.platform === "linux";
export const hasStrace = runs("strace", "-o", "/dev/null", "true");
/** Root, in a place where mounting is allowed. */
export const canMount = process.getuid?.() === 0 && runs("unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt");
/** Root, a loop device and mkfs.ext4. */
export const canLoop = canMount && runs("mkfs.ext4", "-V") && runs("losetup", "--find");
/** Memory for the hundreds of disk images, where there is some. */
export const scratch = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** @throws where the command fails, with what it said. */
export function mustRun(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stdout + stderr}`);
  return stdout;
}
