import { appEvents } from '../src/streams/index.ts'
import { page, table } from './markdown.ts'

/** `docs/events.md`, from the table of events. */
export function eventsPage(): string {
  const introduction = `What a running program tells those who listen: \`app.on(name, listener)\`, \`once\` and \`off\`, typed by name.

A listener is called at once, on the main loop, so it is to be short; a promise that it returns is not waited for. One that throws, or whose promise rejects, is logged (\`a listener of "…" has failed\`), and harms neither the program nor the others. Nothing is told of single records: dead letters come as counts of an epoch, once it has committed. What happened before \`start\` resolved is not told: \`app.role\` and \`app.inspect()\` say how things are.

Who has no app at hand, such as an agent that watches a whole process, subscribes to \`millrace:<event>\` of \`node:diagnostics_channel\`. The messages have \`app\` besides, the name of the program or subtopology. What a subscriber throws is, as Node.js has it, an uncaught exception.`
  const rows = Object.entries(appEvents).map(([name, { when, facts }]) => {
    const texts = Object.entries(facts).map(([fact, text]) => `\`${fact}\`: ${text}`)
    return [`\`${name}\``, when, texts.join('; ')]
  })
  const example = [
    '```ts',
    "app.on('roleChanged', ({ role, was }) => console.log(`${was} became ${role}`))",
    "app.on('deadLettered', ({ epoch, reasons }) => page(`epoch ${epoch} has dead letters`, reasons))",
    '```',
    '',
  ].join('\n')
  return page('Events', introduction, [example, `${table(['event', 'when', 'what it tells'], rows)}\n`])
}
