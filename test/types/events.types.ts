/** Compiled with everything else, never run: what must not compile says so with `@ts-expect-error`. */
import type { App, Role } from '../../src/doors/millrace.ts'

declare const app: App
declare const roles: Role[]

/** What an event tells has the type of its name, and listening can be chained. */
export const same: App = app
  .on('roleChanged', ({ role, was }) => void roles.push(role, was))
  .once('epochCommitted', ({ epoch, durationMs }) => {
    const sum: number = epoch + (durationMs ?? 0)
    return sum
  })
  .on('deadLettered', async ({ reasons }) => Object.keys(reasons))

// @ts-expect-error there is no such event
app.on('roleChange', () => {})

// @ts-expect-error an epoch tells no role
app.on('epochCommitted', ({ role }) => role)

app.on('epochCommitted', ({ epoch, durationMs }) => {
  // @ts-expect-error it is absent where the answer was lost
  const sum: number = epoch + durationMs
  return sum
})

// @ts-expect-error nothing of what is told may be changed
app.on('rollback', (event) => (event.epoch = 0))
