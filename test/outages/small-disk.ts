import { execFile } from 'node:child_process'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const chunk = Buffer.alloc(1 << 20)

/**
 * A file system of its own, in memory, which can be filled to the last byte. Who mounts it needs the right to: root has
 * it, and everybody has it in a user namespace (`unshare --map-root-user --mount`).
 */
export class SmallDisk implements AsyncDisposable {
  readonly path: string

  static async mount(sizeMb: number): Promise<SmallDisk> {
    const path = await mkdtemp(join(tmpdir(), 'millrace-disk-'))
    await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'millrace-disk', path])
    return new SmallDisk(path)
  }

  private constructor(path: string) {
    this.path = path
  }

  /** Takes all that is left of it. */
  async fill(): Promise<void> {
    await using filler = await open(this.#filler, 'w')
    for (const bytes of [chunk.length, 1]) {
      const piece = chunk.subarray(0, bytes)
      try {
        for (;;) await filler.write(piece)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    }
  }

  /** Gives back what `fill` has taken. */
  async free(): Promise<void> {
    await rm(this.#filler)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('umount', [this.path])
    await rm(this.path, { recursive: true })
  }

  get #filler(): string {
    return join(this.path, 'filler')
  }
}
