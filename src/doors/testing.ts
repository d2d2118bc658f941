/**
 * `millrace/testing`: topologies without a broker, time that a test moves, probes for actors, and a checker for
 * histories of transactions.
 */
import '../core/checked-node.ts'
export type { Clock, Timer } from '../core/clock.ts'
export type { Account, DeadLetter, Origin, PartitionAccount, PartitionPlace, Topology } from '../streams/index.ts'
export {
  type ActorProbe,
  type Anomaly,
  type AnomalyKind,
  checkHistory,
  type DriveOptions,
  type DrivenDeadLetter,
  type DrivenRecord,
  driveTopology,
  type GiveOptions,
  HistoryRecorder,
  type ObservedTransaction,
  type Operation,
  probeActors,
  type TopologyDriver,
  type TransactionRecorder,
  VirtualClock,
} from '../testing/index.ts'
