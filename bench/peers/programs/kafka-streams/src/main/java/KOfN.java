import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;

/** Prices of an article from three suppliers, of which any two are enough. */
final class KOfN extends Gather {
  private static final List<String> SUPPLIERS = List.of("north", "south", "west");

  static Topology topology() {
    var builder = new StreamsBuilder();
    builder.stream("prices", Json.CONSUMED)
        .selectKey((key, price) -> price.path("article").textValue())
        .filter((key, price) -> key != null && SUPPLIERS.contains(price.path("supplier").asText()))
        .mapValues(price -> Json.object(price.path("supplier").asText(), price.path("price")))
        .repartition(Json.repartitioned("by-article"))
        .process(supplier(KOfN::new))
        .to("prices-compared", Json.PRODUCED);
    return builder.build();
  }

  @Override
  boolean isReady(ObjectNode row) {
    return row.size() == 2;
  }

  @Override
  JsonNode merged(String key, ObjectNode row) {
    var merged = Json.object().put("article", key);
    for (var supplier : SUPPLIERS) if (row.has(supplier)) merged.set(supplier, row.get(supplier));
    return merged;
  }
}
