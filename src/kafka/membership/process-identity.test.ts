import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { seededRandom } from '../../core/random.ts'
import { currentProcess, hasEnded, newInstanceId, processOf } from './process-identity.ts'
import { until } from '../../../test/until.ts'

const withoutProc = existsSync('/proc/self/stat') ? false : 'this system has no /proc'

describe('an instance id', () => {
  it('names its process', () => {
    const self = currentProcess()

    assert.deepEqual(processOf(newInstanceId(self, seededRandom(1))), self)
  })

  it('is another one for each membership of a process', () => {
    const random = seededRandom(1)

    assert.notEqual(newInstanceId(currentProcess(), random), newInstanceId(currentProcess(), random))
  })

  it('that this program has not made names no process', () => {
    for (const foreign of ['', 'pod-1', 'millrace-1-2-3-4', `millrace-${'0'.repeat(16)}-0-3-4`, 'x\nmillrace-1']) {
      assert.equal(processOf(foreign), undefined)
    }
  })
})

describe('currentProcess', () => {
  it('tells hosts apart, and is the same at every call', () => {
    assert.deepEqual(currentProcess(), currentProcess())
    assert.deepEqual(currentProcess('one'), currentProcess('one'))
    assert.notEqual(currentProcess('one').host, currentProcess('two').host)
  })
})

describe('hasEnded', () => {
  it('is false of a process that runs', () => {
    assert.equal(hasEnded(currentProcess()), false)
  })

  it('is true of a process that was killed', async () => {
    const child = spawn('sleep', ['60'])
    const identity = { ...currentProcess(), pid: child.pid! }
    child.kill('SIGKILL')
    await once(child, 'exit')

    assert.equal(hasEnded(identity), true)
  })

  it('is true of a process whose id has gone to another', { skip: withoutProc }, () => {
    const self = currentProcess()

    assert.equal(hasEnded({ ...self, startedAt: self.startedAt - 1 }), true)
  })

  it('is true of a process that only its parent still knows', { skip: withoutProc }, async () => {
    // The shell becomes a program that never asks what became of its child, and only then the child may end.
    const parent = spawn('sh', ['-c', 'exec 3<&0; cat <&3 & echo $!; exec sleep 60'])
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(line)
    await until('the process sleeps', () => readFileSync(`/proc/${parent.pid}/comm`, 'utf8') === 'sleep\n')
    parent.stdin.end()
    const fields = await until('the child is a zombie', () => {
      const asked = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')
      return asked[2] === 'Z' && asked
    })

    assert.equal(hasEnded({ ...currentProcess(), pid, startedAt: Number(fields[21]) }), true)
    parent.kill('SIGKILL')
  })
})
