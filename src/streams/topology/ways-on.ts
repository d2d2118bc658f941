/** What may follow at each point of the description of a topology: types alone, because each leads to all others. */
import type { WindowOptions, WindowResult } from './aggregation.ts'
import type { BranchSinks } from './branch.ts'
import type { CorrelateOptions, Expired, Keys, Merged } from './correlation.ts'
import type { Topology } from './declared-topology.ts'
import type { Field } from './field.ts'
import type { HeaderKey, Key, RecordKey } from './key.ts'
import type { MergedOptions, MergeKey } from './merged-step.ts'
import type { RecordView } from './record-view.ts'
import type { SinkOptions } from './sink.ts'
import type {
  FilterFunction,
  FlatMapFunction,
  FlatMapOptions,
  MapFunction,
  RouteFunction,
  SourceOptions,
  Stages,
} from './source.ts'
import type { Json, Stage } from './stage.ts'
import type { DeclaredTable } from './table.ts'
import type { Windows } from './windows.ts'

/** A topology that has a name, and needs a source. */
export interface Named {
  /**
   * Keeps tables, which the functions of sources, routes, keys and stages before the first merge get at by
   * `record.table`. All that is pending is kept as these functions have made it, and no function sees a record twice
   * whose epoch has committed. Where functions change tables, one batch of records is on its way at a time.
   */
  tables(...tables: readonly DeclaredTable[]): Named
  source<Value = unknown>(id: string, options?: SourceOptions<Value>): Sourced<NoStages, Value>
}

/**
 * A topology whose last source needs to say which sides its records are of. `Before` are the stages of the others,
 * `Value` is what its functions are given, `ExpiredBefore` are the rows that expire in the correlations before.
 */
export interface Sourced<Before extends Stages = NoStages, Value = unknown, ExpiredBefore = never> {
  /**
   * Lets go on only the records for which a function answers true; the others are counted as filtered. The pending
   * parts of a program do not fit one with other filters: a filter that is to keep other records needs another id.
   */
  filter<Kept extends Value>(
    id: string,
    keep: (value: Value, record: RecordView) => value is Kept,
  ): Sourced<Before, Kept, ExpiredBefore>
  filter(id: string, keep: FilterFunction<Value>): Sourced<Before, Value, ExpiredBefore>
  /**
   * Gives each record the value that a function makes of it, which the route, the keys and the stages find in place of
   * its own. A map that is to make other values needs another id.
   */
  map<Made>(id: string, make: MapFunction<Value, Made>): Sourced<Before, Exclude<Made, undefined>, ExpiredBefore>
  /**
   * Makes several records of each, which go on as if each had come by itself. A source has one flatMap at most; one that
   * is to make other values needs another id.
   */
  flatMap<Made>(
    id: string,
    make: FlatMapFunction<Value, Made>,
    options?: FlatMapOptions,
  ): Sourced<Before, Exclude<Made, undefined>, ExpiredBefore>
  /**
   * Sends each record to the stage that a field, a header, the record's key or a function names. Records for no stage
   * become dead letters.
   */
  route<const AllStages extends Stages>(
    id: string,
    by: Field | HeaderKey | RecordKey | RouteFunction<keyof AllStages & string, Value>,
    stages: AllStages,
  ): Routed<Before & AllStages, ExpiredBefore>
  /**
   * Gathers records by their key, for what they come to in windows of time: counts, sums, lists. The topology has no
   * other source then, and no sides.
   *
   * @param key - Where the key of a record stands, or a function that makes it, as for a correlation.
   */
  groupBy(this: Sourced<NoStages, Value, ExpiredBefore>, id: string, key: Key, options?: GroupOptions): Grouped<Value>
  /** Sends every record to one stage: all are of this side. Without a stage the whole value is kept. */
  side<const Name extends string, Part = Json>(
    name: Name,
    stage?: Stage<Part>,
  ): Routed<Before & { readonly [Each in Name]: Stage<Part> }, ExpiredBefore>
}

type NoStages = Readonly<Record<never, Stage>>

/** How the key of records is named in results. */
export interface GroupOptions {
  /** @defaultValue the last name of the field that has the key */
  readonly keyName?: string
}

/** A topology that has stages, and needs a correlation. */
export interface Routed<AllStages extends Stages, ExpiredBefore = never> {
  /** Reads one more topic. */
  source<Value = unknown>(id: string, options?: SourceOptions<Value>): Sourced<AllStages, Value, ExpiredBefore>
  /**
   * Gathers the parts whose records have the same value in `key`, and gives one record when the last side is there. The
   * sides may have their keys in different places: then `key` names one for each.
   */
  correlate<
    const Side extends keyof AllStages & string,
    const Optional extends Side = never,
    const List extends Side = never,
    const AtLeast extends number | undefined = undefined,
  >(
    id: string,
    key: Keys<NoInfer<Side>>,
    options: CorrelateOptions<Side, Optional, List, AtLeast>,
  ): Correlated<
    Merged<AllStages, Side, AtLeast extends number ? Side : Optional, List>,
    ExpiredBefore | Expired<AllStages, Side, Optional, List, AtLeast>
  >
}

/** A topology that goes on into a further correlation. */
export interface Continued<AllStages extends Stages, ExpiredBefore> extends Routed<AllStages, ExpiredBefore> {
  /**
   * Keeps tables, which the functions before the next merge get at by `record.table`. A table that functions change is
   * one of one subtopology, because it changes with the epochs of that one; those that topics fill may be of several.
   */
  tables(...tables: readonly DeclaredTable[]): Routed<AllStages, ExpiredBefore>
}

/**
 * A topology that has a correlation, and needs a sink. Functions see each merged record as a value, parsed once, and
 * are given its merge key besides. They are synchronous, leave what they are given as it is, and do the same each time:
 * after a rollback they are called again. One that throws makes dead letters of all parts of the record
 * (`MERGE_FAILED`), one that returns a promise ends the program.
 */
export interface Correlated<Output, Expired = Partial<Output>> {
  /** Publishes the records for which a function is true. The parts of the others are filtered. */
  filter<Kept extends Output>(
    id: string,
    keeps: (merged: Output, key: MergeKey) => merged is Kept,
    options?: MergedOptions,
  ): Correlated<Kept, Expired>
  filter(
    id: string,
    keeps: (merged: Output, key: MergeKey) => boolean,
    options?: MergedOptions,
  ): Correlated<Output, Expired>
  /** Publishes what a function makes of the records: any JSON; `null` is a record without a value, a tombstone. */
  map<Made>(
    id: string,
    make: (merged: Output, key: MergeKey) => Made,
    options?: MergedOptions,
  ): Correlated<Made, Expired>
  /**
   * Publishes each of the values that a function makes of the records, in their order, all of them or none; of an empty
   * list the parts are filtered.
   */
  flatMap<Made>(
    id: string,
    make: (merged: Output, key: MergeKey) => readonly Made[],
    options?: MergedOptions,
  ): Correlated<Made, Expired>
  /**
   * Makes each record a part of a side of a further correlation, which may have further sources. The records go through
   * an internal topic, `<name>.<side>`, and what reads it is a subtopology with a group, a checkpoint and dead letters of
   * its own, under the name of the topology and the id of its correlation. Without a stage the whole value is kept.
   */
  into<const Name extends string, Part = Output>(
    side: Name,
    stage?: Stage<Part>,
  ): Continued<{ readonly [Each in Name]: Stage<Part> }, Expired>
  /** Publishes the records. */
  sink(id: string, options?: SinkOptions<Output>): Topology<Output, Expired>
  /**
   * Publishes each record in the sink that a function names, all of them in the transaction of its epoch; one for which
   * it names none (`undefined`) is filtered. A name that no sink has makes dead letters, with `MERGE_FAILED`.
   */
  branch<const Name extends string>(
    id: string,
    choose: (merged: Output, key: MergeKey) => NoInfer<Name> | undefined,
    sinks: BranchSinks<Output, Name>,
  ): Topology<Output, Expired>
}

/** Records by their key, which need windows. */
export interface Grouped<Value> {
  /** Puts records into windows by their timestamps. */
  window(windows: Windows, options?: WindowOptions): Windowed<Value>
}

/**
 * Records by key and window, which need an aggregate. A window has one result, which is published when it closes: when
 * the time that the records tell has reached its end and the grace after it. With `results: 'changes'` it has one with
 * each record.
 */
export interface Windowed<Value> {
  /** How many records there are. */
  count(): Aggregated<WindowResult<number>>
  /** The sum of a field. A record in which it is no number, or that makes the sum infinite, is a dead letter. */
  sum(field: Field): Aggregated<WindowResult<number>>
  /** The least value of a field. A record in which it is no number is a dead letter. */
  min(field: Field): Aggregated<WindowResult<number>>
  /** The greatest value of a field, likewise. */
  max(field: Field): Aggregated<WindowResult<number>>
  /**
   * What a function makes of the value before and of a record, one after the other, as `Array.prototype.reduce` does. It
   * is synchronous, does the same each time, and makes what JSON can hold. A record for which it throws is a dead letter.
   */
  reduce<Made>(
    apply: (soFar: Made, value: Value) => Made,
    initial: Made,
    merge?: (left: Made, right: Made) => Made,
  ): Aggregated<WindowResult<Made>>
  /**
   * The list of the records, or of a field of them, byte for byte, in the order in which they were consumed. A record
   * that would make the list larger than a record can be is a dead letter.
   */
  collect<Part = Json>(field?: Field): Aggregated<WindowResult<readonly Part[]>>
}

/**
 * An aggregate that needs a sink. Functions see each result as a value, and its key besides, as those after a merge see
 * merged records: they are synchronous, and do the same each time. A result on which one fails is a dead letter
 * (`RESULT_FAILED`).
 */
export interface Aggregated<Output> {
  /** Publishes the results for which a function is true. */
  filter<Kept extends Output>(
    id: string,
    keeps: (result: Output, key: MergeKey) => result is Kept,
    options?: MergedOptions,
  ): Aggregated<Kept>
  filter(id: string, keeps: (result: Output, key: MergeKey) => boolean, options?: MergedOptions): Aggregated<Output>
  /** Publishes what a function makes of the results: any JSON; `null` is a record without a value, a tombstone. */
  map<Made>(id: string, make: (result: Output, key: MergeKey) => Made, options?: MergedOptions): Aggregated<Made>
  /** Publishes each of the values that a function makes of the results, in their order, all of them or none. */
  flatMap<Made>(
    id: string,
    make: (result: Output, key: MergeKey) => readonly Made[],
    options?: MergedOptions,
  ): Aggregated<Made>
  /**
   * Makes each result a part of a side of a further correlation, as `into` of a merge does. All windows of a key have the
   * same key: by it alone the first result of them counts, unless the side is one of `collect` or `latest`.
   */
  into<const Name extends string, Part = Output>(
    side: Name,
    stage?: Stage<Part>,
  ): Continued<{ readonly [Each in Name]: Stage<Part> }, never>
  /** Publishes the results, under the key of their records where the options say nothing else. */
  sink(id: string, options?: SinkOptions<Output>): Topology<Output, never>
  /** Publishes each result in the sink that a function names; one for which it names none is left out. */
  branch<const Name extends string>(
    id: string,
    choose: (result: Output, key: MergeKey) => NoInfer<Name> | undefined,
    sinks: BranchSinks<Output, Name>,
  ): Topology<Output, never>
}
