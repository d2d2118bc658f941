/** Starts the thread's program; from the second start on Node has kept what came out when it took out the types. */
import { enableCompileCache } from 'node:module'

if (import.meta.url.endsWith('.ts')) enableCompileCache()
await import('./worker.ts')
