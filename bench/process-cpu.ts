import { readFileSync } from 'node:fs'

/** A tick of the times that Linux tells of a process, in milliseconds. */
const tickMs = 10

/** User and system time of a process, in milliseconds. */
export function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  return (Number(user) + Number(system)) * tickMs
}
