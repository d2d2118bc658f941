import type { InspectedActor, Inspection } from '../../../streams/index.ts'
import type { Instrument, Sample } from '../instrument.ts'

/** The actors of the supervision tree. */
export const actorInstruments: readonly Instrument[] = [
  {
    name: 'millrace.actor.restarts',
    kind: 'counter',
    unit: '{restart}',
    labels: ['actor'],
    help: 'Restarts of each actor and supervisor of the program.',
    read: ({ inspection }) => perActor(inspection, ({ restarts }) => restarts),
  },
  {
    name: 'millrace.actor.messages',
    kind: 'counter',
    unit: '{message}',
    labels: ['actor'],
    help: 'Messages that each actor has handled. Records travel in batches, up to 2,048 in a message.',
    read: ({ inspection }) => perActor(inspection, ({ handled }) => handled),
  },
  {
    name: 'millrace.actor.mailbox',
    kind: 'gauge',
    unit: '{message}',
    labels: ['actor'],
    help: 'Messages in the mailbox of each actor, with those that wait for room in it.',
    read: ({ inspection }) => perActor(inspection, ({ mailbox }) => mailbox),
  },
]

function perActor({ actors }: Inspection, figure: (actor: InspectedActor) => number | undefined): Sample[] {
  return withBelow(actors).flatMap((actor) => {
    const value = figure(actor)
    return value === undefined ? [] : [{ labels: { actor: actor.path }, value }]
  })
}

function withBelow(actor: InspectedActor | undefined): InspectedActor[] {
  return actor === undefined ? [] : [actor, ...actor.children.flatMap(withBelow)]
}
