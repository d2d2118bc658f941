/** Compiled with everything else, never run: what must not compile says so with `@ts-expect-error`. */
import { Schema } from 'effect'
import { json, number, openStore, Store, type StoreHandle, text } from '../../src/doors/state.ts'

const store = new Store()
const schema = Schema.toStandardSchemaV1(Schema.Struct({ name: Schema.String, visits: Schema.Number }))
const people = store.table('people', {
  key: text,
  value: json(schema),
  ordered: true,
  zones: { visits: ({ visits }) => visits },
})

// The schema gives the type.
people.get('ada')?.visits.toFixed()
people.set('ada', { name: 'Ada', visits: 1 })
// @ts-expect-error -- a row has all that the schema has
people.set('ada', { name: 'Ada' })
// @ts-expect-error -- keys are texts
people.get(1)
people.scan({ from: 'a', before: 'b', reverse: true, limit: 1 })
// @ts-expect-error -- bounds are keys
people.scan({ from: 1 })
// @ts-expect-error -- there is no such bound
people.scan({ gte: 'a' })
people.where('visits', { from: 1 })
// @ts-expect-error -- there is no such zone map
people.where('name', { from: 1 })
// @ts-expect-error -- what has no order cannot be a key
store.table('others', { key: json<string>(), value: number })
// @ts-expect-error -- a zone map gives numbers
store.table('named', { key: text, value: json(schema), zones: { name: ({ name }) => name } })

const transacted: Promise<number> = store.transact({ isolation: 'snapshot' }, (tx) => tx.size(people))
void transacted
// @ts-expect-error -- there is no such level
void store.transact({ isolation: 'repeatableRead' }, () => 1)
// @ts-expect-error -- locks are serializable
void store.transact({ mode: 'pessimistic', isolation: 'snapshot' }, () => 1)
void store.transact({ mode: 'pessimistic' }, async (tx) => {
  const visits: number | undefined = (await tx.get(people, 'ada'))?.visits
  // @ts-expect-error -- locks on keys keep no rows out of a range
  tx.scan(people)
  return visits
})

// Of a store of another thread there is what crosses threads.
declare const handle: StoreHandle
const opened = await openStore(handle)
const shared = opened.table('people', { key: text, value: json(schema) })
void opened.transact({ isolation: 'snapshot' }, (tx) => {
  tx.set(shared, 'ada', { name: 'Ada', visits: tx.has(shared, 'ada') ? 2 : 1 })
  // @ts-expect-error -- scans are for the store's thread
  tx.scan(shared)
  // @ts-expect-error -- and so are sizes
  tx.size(shared)
  return tx.delete(shared, 'ada')
})
// @ts-expect-error -- this level does not cross threads
void opened.transact({ isolation: 'readCommitted' }, () => 1)
// @ts-expect-error -- nor do locks
void opened.transact({ mode: 'pessimistic' }, () => 1)
// @ts-expect-error -- nor does the feed of changes
void opened.changes({ after: 0 })
// @ts-expect-error -- a table of this store is none of that one
void opened.transact((tx) => tx.get(people, 'ada'))
