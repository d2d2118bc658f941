import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { chosenCopies } from './copy-choice.ts'

const groups = fc
  .tuple(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 6 }), fc.nat(24), fc.nat(7))
  .chain(([names, taskCount, count]) =>
    fc.record({
      owners: fc.array(fc.constantFrom(...names), { minLength: taskCount, maxLength: taskCount }),
      names: fc.constant(names),
      count: fc.constant(count),
    }),
  )

describe('the choice of copies', () => {
  it('gives each task as many copies as there are to be, to others than its owner, from any order of the list', () => {
    fc.assert(
      fc.property(groups, ({ names, owners, count }) => {
        const members = names.map((name) => ({
          name,
          owned: owners.flatMap((owner, task) => (owner === name ? task : [])),
        }))
        const copies = new Map(names.map((name) => [name, chosenCopies(members, name, count)]))
        for (const name of names) assert.deepEqual(chosenCopies(members.toReversed(), name, count), copies.get(name))
        for (const [task, owner] of owners.entries()) {
          const keepers = names.filter((name) => copies.get(name)!.includes(task))
          assert.equal(keepers.length, Math.min(count, names.length - 1))
          assert.equal(keepers.includes(owner), false)
        }
      }),
    )
  })

  it('spreads the tasks of a member over all others', () => {
    const members = ['a', 'b', 'c', 'd'].map((name, at) => ({ name, owned: [at * 3, at * 3 + 1, at * 3 + 2] }))
    for (const { name } of members) {
      const copies = chosenCopies(members, name, 1)
      assert.deepEqual(
        members.map(({ owned }) => owned.filter((task) => copies.includes(task)).length),
        members.map((member) => (member.name === name ? 0 : 1)),
      )
    }
  })

  it('chooses nothing for a process that is no member', () => {
    assert.deepEqual(chosenCopies([{ name: 'a', owned: [0, 1] }], 'b', 1), [])
  })
})
