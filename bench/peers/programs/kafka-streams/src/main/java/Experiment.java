import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;

/** Three sides of one topic by a field. */
final class Experiment extends Gather {
  private static final List<String> SIDES = List.of("A", "B", "C");

  static Topology topology() {
    var builder = new StreamsBuilder();
    builder.stream("source-topic", Json.CONSUMED)
        .selectKey((key, value) -> value.path("customerId").textValue())
        .filter((key, value) -> key != null)
        .mapValues(value -> Json.object(value.path("stage").asText(), value.path("part")))
        .repartition(Json.repartitioned("by-customer"))
        .process(supplier(Experiment::new))
        .to("sink-topic", Json.PRODUCED);
    return builder.build();
  }

  @Override
  boolean isReady(ObjectNode row) {
    return SIDES.stream().allMatch(row::has);
  }

  @Override
  JsonNode merged(String key, ObjectNode row) {
    var merged = Json.object().put("customerId", key);
    SIDES.forEach(side -> merged.set(side, row.get(side)));
    return merged;
  }
}
