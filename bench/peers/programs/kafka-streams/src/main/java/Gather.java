import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/**
 * Gathers the parts of a key, each an object with the part under the name of its side, in a store; forwards the row once
 * it is ready, deletes it, and leaves out what comes for that key within a day.
 */
abstract class Gather extends ContextualProcessor<String, JsonNode, String, JsonNode> {
  private static final Duration REMEMBERED = Duration.ofDays(1);
  private static final String ROWS = "rows";
  private static final String COMPLETED = "completed";

  protected KeyValueStore<String, JsonNode> rows;
  private WindowStore<String, String> completed;
  private String name;

  /** Whether a row can leave. */
  abstract boolean isReady(ObjectNode row);

  /** What leaves for a row. */
  abstract JsonNode merged(String key, ObjectNode row);

  /** The headers of what leaves for a row. */
  Headers headers(ObjectNode row) {
    return new RecordHeaders();
  }

  /** Adds a part to a row: by default the first one of its side. */
  void add(ObjectNode row, String side, JsonNode part) {
    if (!row.has(side)) row.set(side, part);
  }

  /** A row that was not ready has been stored. */
  void stored(String key, ObjectNode row, long timestamp) {}

  static ProcessorSupplier<String, JsonNode, String, JsonNode> supplier(
      Supplier<Gather> gather, StoreBuilder<?>... more) {
    return supplier("", gather, more);
  }

  /** @param name tells the stores of two in one program apart */
  static ProcessorSupplier<String, JsonNode, String, JsonNode> supplier(
      String name, Supplier<Gather> gather, StoreBuilder<?>... more) {
    return new ProcessorSupplier<>() {
      @Override
      public Gather get() {
        var made = gather.get();
        made.name = name;
        return made;
      }

      @Override
      public Set<StoreBuilder<?>> stores() {
        var text = Serdes.String();
        var window = Stores.persistentWindowStore(name + COMPLETED, REMEMBERED, REMEMBERED, false);
        var all = new HashSet<StoreBuilder<?>>(Set.of(more));
        all.add(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(name + ROWS), text, Json.SERDE));
        all.add(Stores.windowStoreBuilder(window, text, text));
        return all;
      }
    };
  }

  @Override
  public void init(ProcessorContext<String, JsonNode> context) {
    super.init(context);
    rows = context.getStateStore(name + ROWS);
    completed = context.getStateStore(name + COMPLETED);
  }

  @Override
  public void process(Record<String, JsonNode> record) {
    var key = record.key();
    if (isCompleted(key, record.timestamp())) return;
    var row = rows.get(key) instanceof ObjectNode there ? there : Json.object();
    record.value().properties().forEach(part -> add(row, part.getKey(), part.getValue()));
    if (isReady(row)) {
      complete(key, row, record.timestamp());
    } else {
      rows.put(key, row);
      stored(key, row, record.timestamp());
    }
  }

  void complete(String key, ObjectNode row, long timestamp) {
    rows.delete(key);
    completed.put(key, "", timestamp);
    var merged = merged(key, row);
    if (merged != null) context().forward(new Record<>(key, merged, timestamp, headers(row)));
  }

  private boolean isCompleted(String key, long timestamp) {
    var reach = REMEMBERED.toMillis();
    try (var found = completed.fetch(key, timestamp - reach, timestamp + reach)) {
      return found.hasNext();
    }
  }
}
