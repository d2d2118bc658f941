import type { FromThread, ToNewThread, ToThread } from './frames.ts'

/** One end of what joins two threads: frames arrive in the order in which they were sent, or not at all. */
export interface Channel<Out, In> {
  send(frame: readonly Out[], transfer: readonly ArrayBuffer[]): void
  /** Calls `listener` with each frame from the other end, in place of the listener before. */
  listen(listener: (frame: readonly In[]) => void): void
}

/** A thread, as the one sees it that started it. */
export interface StartedThread extends Channel<ToThread | ToNewThread, FromThread> {
  /** Ends it, whatever it does, and resolves when it is gone. */
  terminate(): Promise<void>
}

/** What a thread is started with, and how it is told that it is over. */
export interface ThreadStart {
  readonly name: string
  /** Bytes of the heap that it may have, in MiB. */
  readonly heapMb: number | undefined
  /** Called once when it is gone, unless it was terminated: by itself, by an error, or for want of memory. */
  readonly onGone: (gone: ThreadGone) => void
}

/** How a thread came to be gone. */
export interface ThreadGone {
  readonly kind: 'exited' | 'threw' | 'outOfMemory'
  readonly cause: unknown
}

/**
 * What runs threads: those of Node, or simulated ones, which live in one thread and on a virtual clock, so that a test
 * can end them at any point.
 */
export interface Transport {
  start(options: ThreadStart): StartedThread
  /** Runs `work` when the thread has done what is at hand: all that it has to send until then makes one frame. */
  defer(work: () => void): void
}
