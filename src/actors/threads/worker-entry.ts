/**
 * Starts the thread's program. In a checkout that is several dozen files whose types have to be taken out, which takes
 * longer than all else at the start of a thread: from the second start on Node has kept what came out.
 */
import { enableCompileCache } from 'node:module'

if (import.meta.url.endsWith('.ts')) enableCompileCache()
await import('./worker.ts')
