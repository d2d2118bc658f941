/** The thread of all memberships of a process, whatever keeps the main thread busy. */
import { parentPort } from 'node:worker_threads'
import { runMember } from './member.ts'
import type { ToThread } from './thread.ts'

parentPort!.on('message', (message: ToThread) => {
  if (message.kind === 'end') parentPort!.unref()
  else runMember(message.settings, message.port)
})
