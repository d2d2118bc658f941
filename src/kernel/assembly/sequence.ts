/**
 * Lets other threads find rows while one thread changes them, where the memory is shared: a sequence lock, which costs
 * who reads no store and lets nobody wait for who reads.
 *
 * In memory: a count, which is odd while the index, a chain of versions or the list of free blocks is being changed; and
 * the depth of the directory. Who reads looks at the count before and after; where it was odd or has changed, what was
 * found is torn, and so may be each address on the way, which then leads anywhere, out of the memory too. Hence the looks
 * in between: no search goes on without end.
 *
 * In the build without shared memory, which has no `ASC_FEATURE_THREADS`, nothing of this is left.
 *
 * @see Lameter, "Effective synchronization on Linux/NUMA systems" (2005); Boehm, "Can seqlocks get along with
 * programming language memory models?" (2012)
 */
import { threadsMax } from '../constants/row-version'
import { depth } from './state'

/** In a line of cache of its own. */
const count = memory.data(128, 16) + 64
const publishedDepth: usize = count + 8

/** A word of each thread. */
const words = memory.data(64 * threadsMax, 16)
let word = words

/** The count as this thread has last made it, or, if it only reads, as its search began. */
let seen: u64 = 0

export function beginChange(): void {
  if (!ASC_FEATURE_THREADS) return
  atomic.store<u64>(count, ++seen)
  fence()
}

export function endChange(): void {
  if (!ASC_FEATURE_THREADS) return
  store<u32>(publishedDepth, depth)
  atomic.store<u64>(count, ++seen)
}

/** Begins a search of a thread that changes nothing; false during a change. */
export function beginSearch(): bool {
  if (!ASC_FEATURE_THREADS) return false
  seen = atomic.load<u64>(count)
  depth = load<u32>(publishedDepth)
  return (seen & 1) == 0
}

/** Whether something has changed since a search began; never of the thread that changes. */
export function isTorn(): bool {
  return ASC_FEATURE_THREADS && atomic.load<u64>(count) != seen
}

/** The same at the end of a search. */
export function endsTorn(): bool {
  fence()
  return isTorn()
}

export function useWordOf(thread: u32): void {
  word = words + (thread << 6)
}

/**
 * No load or store of this thread moves over it, on x64 and arm64 (from 8.1) alike: a change writes nothing before the
 * count is odd, and a search has read all before it looks at the count again. The compiler does not write `atomic.fence`:
 * `findings/assemblyscript-fence.sh`.
 */
function fence(): void {
  if (ASC_FEATURE_THREADS) atomic.add<u32>(word, 0)
}
