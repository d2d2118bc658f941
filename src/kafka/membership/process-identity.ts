import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'
import { nextInt, type Random } from '../../core/random.ts'

/**
 * Which process a member is. It is part of the member's instance id, which the coordinator shows in every state of the
 * group, so that a process can tell which members of its own machine have ended.
 */
export interface ProcessIdentity {
  /** Stands for the machine since it booted, and the namespace that its process ids count in. */
  readonly host: string
  readonly pid: number
  /** When the process started, in ticks since boot; 0 on systems that do not tell. Tells apart who had the same id. */
  readonly startedAt: number
}

/** @param hostId - Stands in for what the system says of the machine. */
export function currentProcess(hostId: string = hostFacts()): ProcessIdentity {
  return {
    host: createHash('sha256').update(hostId).digest('hex').slice(0, 16),
    pid: process.pid,
    startedAt: processStat(process.pid)?.startedAt ?? 0,
  }
}

/** An instance id of this process, another one at every call. */
export function newInstanceId(self: ProcessIdentity, random: Random): string {
  return `${processIdOf(self)}-${nextInt(random, 2 ** 32).toString(16)}`
}

/** What all instance ids of a process begin with. */
export function processIdOf({ host, pid, startedAt }: ProcessIdentity): string {
  return `millrace-${host}-${pid}-${startedAt}`
}

/** The process that an instance id names; `undefined` for one that this program has not made. */
export function processOf(instanceId: string): ProcessIdentity | undefined {
  const match = /^millrace-([0-9a-f]{16})-([1-9]\d{0,9})-(\d{1,15})-[0-9a-f]+$/.exec(instanceId)
  return match === null ? undefined : { host: match[1]!, pid: Number(match[2]), startedAt: Number(match[3]) }
}

/** Says whether a process of this host has ended for certain. */
export function hasEnded({ pid, startedAt }: ProcessIdentity): boolean {
  try {
    // Answers also where /proc hides the processes of other users.
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
  const stat = processStat(pid)
  return stat !== undefined && (stat.isZombie || stat.startedAt !== startedAt)
}

/**
 * Containers share the boot id of their host but count their process ids apart, unless they have the same namespace.
 * Host names alone are often the same on many machines.
 */
function hostFacts(): string {
  const bootId = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'))
  const pidNamespace = read(() => readlinkSync('/proc/self/ns/pid'))
  return JSON.stringify([hostname(), bootId ?? hardwareAddresses(), pidNamespace ?? null])
}

function hardwareAddresses(): string[] {
  const interfaces = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  return [...new Set(interfaces.map(({ mac }) => mac))].sort()
}

/** @see proc_pid_stat(5): the state is field 3, the start time field 22; field 2 is a name that may hold anything. */
function processStat(pid: number): { startedAt: number; isZombie: boolean } | undefined {
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  if (stat === undefined) return undefined
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // Killed, and its parent has not asked yet how it ended.
  return { startedAt: Number(fields[19]), isZombie: fields[0] === 'Z' || fields[0] === 'X' }
}

function read(file: () => string): string | undefined {
  try {
    return file()
  } catch {
    return undefined
  }
}
