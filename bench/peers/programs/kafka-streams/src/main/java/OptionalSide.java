import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Branched;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** Customers with an optional consent; what lacks anything else leaves after an hour by the time of records. */
final class OptionalSide extends WithOptional {
  private static final List<String> SIDES = List.of("customer", "address", "consent");
  private static final Duration EXPIRE_AFTER = Duration.ofHours(1);
  private static final String SINCE = "since";

  /** When the oldest part of a row came. */
  private KeyValueStore<String, Long> since;

  OptionalSide() {
    super(List.of("customer", "address"), "consent", Duration.ofMillis(250));
  }

  static Topology topology() {
    var builder = new StreamsBuilder();
    var left =
        builder.stream("customer-events", Json.CONSUMED)
            .selectKey((key, event) -> event.path("customerId").textValue())
            .filter((key, event) -> key != null && SIDES.contains(event.path("type").asText()))
            .mapValues(event -> Json.object(event.path("type").asText(), event.path("data")))
            .repartition(Json.repartitioned("by-customer"))
            .process(supplier(OptionalSide::new, waitingStore(), sinceStore()));
    left.split()
        .branch((key, row) -> isWhole(row), to("customers-to-write-to"))
        .defaultBranch(to("customers-incomplete"));
    return builder.build();
  }

  private static Branched<String, JsonNode> to(String topic) {
    return Branched.withConsumer(stream -> stream.to(topic, Json.PRODUCED));
  }

  private static StoreBuilder<?> sinceStore() {
    return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(SINCE), Serdes.String(), Serdes.Long());
  }

  private static boolean isWhole(JsonNode row) {
    return row.has("customer") && row.has("address");
  }

  @Override
  public void init(ProcessorContext<String, JsonNode> context) {
    super.init(context);
    since = context.getStateStore(SINCE);
    context.schedule(EXPIRE_AFTER.dividedBy(8), PunctuationType.STREAM_TIME, this::expire);
  }

  @Override
  void stored(String key, ObjectNode row, long timestamp) {
    super.stored(key, row, timestamp);
    var earlier = since.get(key);
    if (earlier == null || timestamp < earlier) since.put(key, timestamp);
  }

  @Override
  void complete(String key, ObjectNode row, long timestamp) {
    since.delete(key);
    super.complete(key, row, timestamp);
  }

  private void expire(long nowMs) {
    var due = new ArrayList<String>();
    try (var all = since.all()) {
      all.forEachRemaining(each -> {
        if (each.value + EXPIRE_AFTER.toMillis() <= nowMs) due.add(each.key);
      });
    }
    for (var key : due) {
      var row = (ObjectNode) rows.get(key);
      if (isWhole(row)) continue;
      since.delete(key);
      rows.delete(key);
      context().forward(new Record<>(key, merged(key, row), nowMs));
    }
  }

  @Override
  JsonNode merged(String key, ObjectNode row) {
    var merged = Json.object().put("customerId", key);
    for (var side : SIDES) if (row.has(side)) merged.set(side, row.get(side));
    return merged;
  }
}
