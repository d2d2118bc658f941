/** Starts the thread's program. */
import { keepCompiled } from '../../core/keep-compiled.ts'

keepCompiled(import.meta.url)
await import('./worker.ts')
