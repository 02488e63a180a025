/** Small file systems of their own, for root: what fills or breaks them harms nobody else. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mustRun } from "./machine.ts";

export const MEGABYTE = 1_048_576;

const mounted: string[] = [];

/** For afterEach. Lazily: a test that failed may still hold a file open. */
export async function unmountAll(): Promise<void> {
  for (const folder of mounted.splice(0)) {
    mustRun("umount", "--lazy", folder);
    await rm(folder, { recursive: true });
  }
}

/** @returns the folder where it is mounted. */
export async function mount(type: "tmpfs" | "ext4", bytes: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "vigie-mounted-"));
  if (type === "tmpfs") {
    mustRun("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "none", folder);
  } else {
    const image = `${folder}.img`;
    mustRun("truncate", "-s", String(bytes), image);
    mustRun("mkfs.ext4", "-q", "-m", "0", image);
    mustRun("mount", "-o", "loop,errors=remount-ro", image, folder);
    await rm(image); // the loop device holds it until it is unmounted
  }
  mounted.push(folder);
  return folder;
}
