import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** Gathers required sides and an optional one, for which a row waits so long by the time of day. */
abstract class WithOptional extends Gather {
  private static final String WAITING = "waiting";

  private final List<String> required;
  private final String optional;
  private final Duration within;
  /** Since when rows wait for the optional side only. */
  private KeyValueStore<String, Long> waiting;

  WithOptional(List<String> required, String optional, Duration within) {
    this.required = required;
    this.optional = optional;
    this.within = within;
  }

  static StoreBuilder<?> waitingStore() {
    return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(WAITING), Serdes.String(), Serdes.Long());
  }

  @Override
  public void init(ProcessorContext<String, JsonNode> context) {
    super.init(context);
    waiting = context.getStateStore(WAITING);
    context.schedule(within.dividedBy(4), PunctuationType.WALL_CLOCK_TIME, this::letGo);
  }

  @Override
  boolean isReady(ObjectNode row) {
    return hasRequired(row) && row.has(optional);
  }

  @Override
  void stored(String key, ObjectNode row, long timestamp) {
    if (hasRequired(row)) waiting.putIfAbsent(key, context().currentSystemTimeMs());
  }

  @Override
  void complete(String key, ObjectNode row, long timestamp) {
    waiting.delete(key);
    super.complete(key, row, timestamp);
  }

  private void letGo(long nowMs) {
    var due = new ArrayList<KeyValue<String, Long>>();
    try (var all = waiting.all()) {
      all.forEachRemaining(each -> {
        if (each.value + within.toMillis() <= nowMs) due.add(each);
      });
    }
    for (var each : due) complete(each.key, (ObjectNode) rows.get(each.key), context().currentStreamTimeMs());
  }

  private boolean hasRequired(ObjectNode row) {
    return required.stream().allMatch(row::has);
  }
}
