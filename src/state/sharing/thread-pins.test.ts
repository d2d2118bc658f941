import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Pins } from '../pins.ts'
import { pinsMax, SharedWords } from './shared-words.ts'
import { ThreadPins } from './thread-pins.ts'
import { VersionPins } from './version-pins.ts'

/** The committer's side, and a way to take the part of other threads, whose words are the same. */
function share() {
  const pins = new Pins()
  const threadPins = new ThreadPins(pins)
  const words = new SharedWords(threadPins.words.buffer)
  const attach = () => {
    const thread = threadPins.attach()!
    return { thread, versions: new VersionPins(words, thread) }
  }
  return { pins, threadPins, words, attach }
}

describe('Pins of other threads', () => {
  it('count from the next commit on, before it drops anything', () => {
    const { pins, threadPins, attach } = share()
    const { versions } = attach()
    threadPins.publish(1)

    assert.equal(versions.pinLatest(), 1)
    threadPins.publish(2)

    assert.deepEqual(pins.versions(), [1])
    versions.unpin(1)
    threadPins.publish(3)
    // Rows of the version are not settled yet.
    assert.deepEqual(pins.versions(), [1])
    threadPins.letGo()
    assert.deepEqual(pins.versions(), [])
  })

  it('are looked for once the version is there for all: in the other order one could come between', () => {
    const published: number[] = []
    const words = new (class extends SharedWords {
      override get pinChanges(): bigint {
        published.push(this.version)
        return super.pinChanges
      }
    })()

    new ThreadPins(new Pins(), words).publish(1)

    assert.deepEqual(published, [1])
  })

  it('of the version that is just being published count from the commit after it on', () => {
    const { pins, threadPins, words, attach } = share()
    const { thread } = attach()
    words.setPin(thread, 0, 1)

    threadPins.publish(1)
    assert.deepEqual(pins.versions(), [])
    threadPins.publish(2)
    assert.deepEqual(pins.versions(), [1])
  })

  it('are none where they came too late for their version, unless somebody else keeps it', () => {
    const { pins, threadPins, words, attach } = share()
    const [early, late] = [attach(), attach()]
    for (let version = 1; version <= 3; version++) threadPins.publish(version)
    words.setPin(late.thread, 0, 1)
    threadPins.publish(4)
    assert.deepEqual(pins.versions(), [])

    early.versions.pinLatest()
    threadPins.publish(5)
    threadPins.publish(6)
    words.setPin(late.thread, 0, 4)
    threadPins.publish(7)
    early.versions.unpin(4)
    threadPins.publish(8)
    assert.deepEqual(pins.versions(), [4])
  })

  it('are taken of the newest version where one comes while the pin is being stored', () => {
    const { threadPins, words, attach } = share()
    const { thread } = attach()
    threadPins.publish(1)
    const versions = new VersionPins(wordsThatPublish(words, 2), thread)

    assert.equal(versions.pinLatest(), 2)
    assert.deepEqual(words.pinsOf(thread), [2])
  })

  it('of one version are one, until the last of them ends', () => {
    const { words, attach } = share()
    const { thread, versions } = attach()
    versions.pinLatest()
    versions.pinLatest()
    assert.deepEqual(words.pinsOf(thread), [0])

    versions.unpin(0)
    assert.deepEqual(words.pinsOf(thread), [0])
    versions.unpin(0)
    assert.deepEqual(words.pinsOf(thread), [-1])
  })

  it('end with their thread, whose number another one gets', () => {
    const { pins, threadPins, words, attach } = share()
    const { thread, versions } = attach()
    versions.pinLatest()
    threadPins.publish(1)
    assert.deepEqual(pins.versions(), [0])

    threadPins.detach(thread)

    assert.deepEqual(pins.versions(), [])
    assert.deepEqual(words.pinsOf(thread), [])
    assert.equal(attach().thread, thread)
  })

  it('are of as many versions and threads as there is room for', () => {
    const { threadPins, attach } = share()
    const { versions } = attach()
    for (let version = 1; version <= pinsMax; version++) {
      versions.pinLatest()
      threadPins.publish(version)
    }
    assert.throws(() => versions.pinLatest(), { code: 'STATE_READERS_EXCEEDED' })
    versions.unpin(7)
    assert.equal(versions.pinLatest(), pinsMax)

    for (let others = 1; others < 63; others++) assert.notEqual(threadPins.attach(), undefined)
    assert.equal(threadPins.attach(), undefined)
  })
})

/** Words on which a commit happens whenever a pin is stored for the first time. */
function wordsThatPublish(words: SharedWords, version: number): SharedWords {
  return new (class extends SharedWords {
    override setPin(...pin: [thread: number, place: number, version: number]): void {
      super.setPin(...pin)
      words.version = version
    }
  })(words.buffer)
}
